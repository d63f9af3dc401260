import type { ServerEvent } from './schema.ts';

/** What happens to a server now, all of its events taken together. */
export interface Conditions {
  /** Connections are refused and the agent is unreachable. */
  readonly down: boolean;
  /** Of its capacity, what is left: above 0, 1 while all is well. */
  readonly speedFactor: number;
  /** What the CPU metric shows of the cores that are really busy: under 1 where a slow-down hides from it. */
  readonly shownFactor: number;
  readonly agentFrozen: boolean;
  /** What the agent says of every metric, and of the server's cores (null: the truth), instead of what it measures. */
  readonly claim: { readonly utilisation: number; readonly cores: number | null } | null;
  /** Share of requests that are answered 500 at once, 0 to 1. */
  readonly errorShare: number;
}

export const normalConditions: Conditions = {
  down: false,
  speedFactor: 1,
  shownFactor: 1,
  agentFrozen: false,
  claim: null,
  errorShare: 0,
};

export function conditionsOf(events: readonly ServerEvent[]): Conditions {
  return events.reduce(worsen, normalConditions);
}

function worsen(before: Conditions, event: ServerEvent): Conditions {
  switch (event.kind) {
    case 'crash':
    case 'removed':
      return { ...before, down: true };
    case 'slow':
      return { ...before, speedFactor: before.speedFactor * event.factor };
    case 'hidden-slow':
      return {
        ...before,
        speedFactor: before.speedFactor * event.factor,
        shownFactor: before.shownFactor * hiddenShare(event.factor),
      };
    case 'frozen-agent':
      return { ...before, agentFrozen: true };
    case 'lying-agent':
      return { ...before, claim: { utilisation: event.utilisation, cores: event.cores ?? null } };
    case 'blackhole':
      return { ...before, errorShare: 1 };
    case 'errors':
      return { ...before, errorShare: 1 - (1 - before.errorShare) * (1 - event.share) };
  }
}

/** The metric sees half of the loss: the work done (factor at most) against a capacity of (1 + factor) / 2. */
function hiddenShare(factor: number): number {
  return factor / ((1 + factor) / 2);
}
