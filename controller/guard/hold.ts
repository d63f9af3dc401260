import type { Decision, HeldBecause } from '../../contract/decision.ts';
import { neverEjected } from './eject.ts';
import type { Entry } from './learn.ts';
import { remember, sinceLastWrite } from './memory.ts';
import { type GuardState, isEjected } from './state.ts';

/** Why no weight is decided at this tick. */
export interface Hold {
  readonly because: HeldBecause;
  readonly detail: string;
}

/** Rule 4: too few fresh snapshots to judge on, or none that could be judged yet. null: go on. */
export function whyHold(entries: readonly Entry[]): Hold | null {
  const stale = entries.filter(({ observation }) => observation.agent.state === 'stale').length;
  if (stale * 2 > entries.length) {
    return { because: 'mostly-stale', detail: `${stale} of ${entries.length} agents are silent` };
  }
  const judged = entries.some(({ verdict, memory }) => verdict.weight !== null || memory.logWeight !== null);
  return judged ? null : { because: 'warming-up', detail: 'no server has been judged yet' };
}

/**
 * Nothing is written, with one exception that comes first (rule 1): where every weight is 0, a 503 for everybody, the
 * configured weights are put back.
 */
export function holdAll(entries: readonly Entry[], hold: Hold, present: ReadonlySet<string>, before: GuardState) {
  const outage = entries.length > 0 && entries.every(({ observation }) => observation.currentWeight === 0);
  const decisions = entries.map(({ observation, verdict, memory }): Decision => {
    const { server, currentWeight, configuredWeight } = observation;
    return {
      server,
      weight: outage ? configuredWeight : currentWeight,
      write: outage,
      drained: (memory.drained || isEjected(memory)) && !outage,
      load: verdict.load,
      delta: verdict.delta,
      reasons: [
        ...verdict.reasons,
        outage
          ? { code: 'released', because: 'all-zero' }
          : { code: 'held', because: hold.because, detail: hold.detail },
      ],
    };
  });
  const memories = entries.map(({ observation, memory }) => {
    return [observation.server, outage ? { ...memory, drained: false, ejection: neverEjected } : memory] as const;
  });
  const servers = remember(before, memories, present);
  return { decisions, state: { ...before, ...sinceLastWrite(before, entries), servers } };
}
