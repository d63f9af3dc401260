import type { Decision, HeldBecause, Reason } from '../../../shared/contract/decision.ts';
import { maxWeight } from '../../../shared/contract/limits.ts';
import { sum } from '../../../shared/math/statistics.ts';
import { neverEjected } from './eject.ts';
import { remember, sinceLastWrite } from './memory.ts';
import { type GuardState, isOut, type ServerMemory } from './state.ts';
import type { Entry } from './take-in.ts';

/** Why no weight is decided at this tick. */
export interface Hold {
  readonly because: HeldBecause;
  readonly detail: string;
}

export interface HoldInput {
  readonly entries: readonly Entry[];
  readonly present: ReadonlySet<string>;
  readonly rampStep: number;
  readonly elapsedMs: number;
}

/** How long a drain is kept without fresh data, in ms. */
export const blindLimitMs = 30_000;

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
 * Nothing is written, with two exceptions. Where every weight is 0, so that every client gets a 503, the configured weights
 * are put back (rule 1 comes first). And after `blindLimitMs` without fresh data a server that we gave weight 0 comes back by
 * a ramp to its learned weight; the others keep their weights.
 */
export function holdAll(input: HoldInput, hold: Hold, before: GuardState) {
  const blindForMs = before.blindForMs === null ? 0 : before.blindForMs + input.elapsedMs;
  const isOutage =
    input.entries.length > 0 && input.entries.every(({ observation }) => observation.currentWeight === 0);
  const scale = scaleOf(input.entries);
  const outcomes = input.entries.map((entry) => {
    if (isOutage) return configured(entry);
    const rampBefore = before.servers.get(entry.observation.server)?.ramp ?? entry.memory.ramp;
    if (blindForMs < blindLimitMs) return held(entry, hold, rampBefore);
    return withoutSight(entry, { scale, rampBefore, rampStep: input.rampStep, hold });
  });
  const memories = outcomes.map(({ decision, memory }) => [decision.server, memory] as const);
  const servers = remember(before, memories, input.present);
  return {
    decisions: outcomes.map(({ decision }) => decision),
    state: { ...before, ...sinceLastWrite(before, input.entries), servers, blindForMs },
  };
}

interface Outcome {
  readonly decision: Decision;
  readonly memory: ServerMemory;
}

/** A ramp waits too: its next step is not written. */
function held(entry: Entry, { because, detail }: Hold, rampBefore: number): Outcome {
  const { observation, memory } = entry;
  const reasons: Reason[] = [{ code: 'held', because, detail }];
  const ramp = Math.min(memory.ramp, rampBefore);
  return {
    decision: decisionOf(entry, observation.currentWeight, isOut(memory), reasons),
    memory: { ...memory, ramp },
  };
}

function configured(entry: Entry): Outcome {
  const { memory, observation } = entry;
  return {
    decision: decisionOf(entry, observation.configuredWeight, false, [{ code: 'released', because: 'all-zero' }]),
    memory: { ...memory, drained: false, ejection: neverEjected },
  };
}

interface Return {
  /** HAProxy's weight for a learned weight of 1; null where no server shows it. */
  readonly scale: number | null;
  readonly rampBefore: number;
  readonly rampStep: number;
  readonly hold: Hold;
}

/** A server that we took out comes back step by step; any other server keeps its weight. */
function withoutSight(entry: Entry, { scale, rampBefore, rampStep, hold }: Return): Outcome {
  const { memory } = entry;
  const wasOut = isOut(memory);
  const isReturning = rampBefore < 1 && memory.leftWeight !== null;
  if (scale === null || memory.logWeight === null || !(wasOut || isReturning)) return held(entry, hold, rampBefore);
  const ramp = wasOut ? rampStep : memory.ramp;
  const weight = Math.max(1, Math.min(maxWeight, Math.round(scale * Math.exp(memory.logWeight) * ramp)));
  const reasons: Reason[] = wasOut ? [{ code: 'released', because: 'stale' }] : [];
  return {
    decision: decisionOf(entry, weight, false, [...reasons, { code: 'ramp', factor: ramp }]),
    memory: { ...memory, drained: false, ejection: neverEjected, ramp, leftWeight: weight },
  };
}

/** HAProxy's weight for a learned weight of 1, from the servers that have their full weight; null: none has. */
function scaleOf(entries: readonly Entry[]): number | null {
  const full = entries.flatMap(({ observation: { currentWeight }, memory: { logWeight, ramp } }) => {
    return currentWeight > 0 && logWeight !== null && ramp === 1 ? [{ currentWeight, logWeight }] : [];
  });
  const learned = sum(full.map(({ logWeight }) => Math.exp(logWeight)));
  return learned === 0 ? null : sum(full.map(({ currentWeight }) => currentWeight)) / learned;
}

function decisionOf(
  { observation, verdict, reasons: known }: Entry,
  weight: number,
  drained: boolean,
  reasons: readonly Reason[],
): Decision {
  const { server, currentWeight } = observation;
  const { load, delta } = verdict;
  return {
    server,
    weight,
    write: weight !== currentWeight,
    drained,
    load,
    delta,
    reasons: [...verdict.reasons, ...known, ...reasons],
  };
}
