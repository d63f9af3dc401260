import type { MetricName } from '../../shared/contract/snapshot.ts';
import type { ServerEvent } from './schema.ts';

/** The current condition of a server: the sum of all its events. */
export interface Conditions {
  /** Connections are refused and the agent is unreachable. */
  readonly down: boolean;
  /** The part of its capacity that is left: above 0; 1 without a fault. */
  readonly speedFactor: number;
  /** CPU utilisation that the metric shows / the real one: below 1 if the metric hides a slowdown. */
  readonly shownFactor: number;
  readonly agentFrozen: boolean;
  /** What a lying agent reports for every metric and for the cores (null: the truth), instead of what it measures. */
  readonly claim: { readonly utilisation: number; readonly cores: number | null } | null;
  /** Metrics that are so high without traffic, and how much higher while all cores are busy. */
  readonly atRest: Readonly<Partial<Record<MetricName, { readonly utilisation: number; readonly withLoad: number }>>>;
  /** How many times as long requests wait without CPU. */
  readonly ioFactor: number;
  /** How much longer each request waits besides, in ms. */
  readonly waitMs: number;
  /** Share of requests that are answered with an error at once, 0 to 1. */
  readonly errorShare: number;
  /** The status of these answers. */
  readonly errorStatus: number;
}

export const normalConditions: Conditions = {
  down: false,
  speedFactor: 1,
  shownFactor: 1,
  agentFrozen: false,
  claim: null,
  atRest: {},
  ioFactor: 1,
  waitMs: 0,
  errorShare: 0,
  errorStatus: 500,
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
    case 'metric': {
      const { metric, utilisation, withLoad } = event;
      return { ...before, atRest: { ...before.atRest, [metric]: { utilisation, withLoad } } };
    }
    case 'slow-disk':
      return { ...before, ioFactor: before.ioFactor * event.times };
    case 'wait':
      return { ...before, waitMs: before.waitMs + event.ms };
    case 'blackhole':
      return { ...before, errorShare: 1, errorStatus: 500 };
    case 'errors':
      return {
        ...before,
        errorShare: 1 - (1 - before.errorShare) * (1 - event.share),
        errorStatus: event.status ?? 500,
      };
  }
}

/** The metric sees half of the loss: the work done (factor at most) against a capacity of (1 + factor) / 2. */
function hiddenShare(factor: number): number {
  return factor / ((1 + factor) / 2);
}
