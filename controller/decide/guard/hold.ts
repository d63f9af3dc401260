import type { Decision, HeldBecause, Reason } from '../../../shared/contract/decision.ts';
import { maxWeight } from '../../../shared/contract/limits.ts';
import { sum } from '../../../shared/math/statistics.ts';
import { type BlindSubject, type BlindWeight, cutBlind } from './blind-cut.ts';
import { neverEjected } from './eject.ts';
import { errorFactor } from './errors.ts';
import { remember, sinceLastWrite } from './memory.ts';
import type { GuardSettings } from './settings.ts';
import { type GuardState, isEjected, isOut, newcomer, type ServerMemory } from './state.ts';
import type { Entry } from './take-in.ts';

/** Why no weight is decided at this tick. */
export interface Hold {
  readonly because: HeldBecause;
  readonly detail: string;
}

export interface HoldInput {
  readonly entries: readonly Entry[];
  readonly present: ReadonlySet<string>;
  readonly settings: Pick<GuardSettings, 'rampStep' | 'floor' | 'deadband'>;
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
 * Nothing is written, with three exceptions. Where every weight is 0, so that every client gets a 503, the configured weights
 * are put back (rule 1 comes first). A server that answers errors is cut or ejected for them, and let back (rule 5). And after
 * `blindLimitMs` without fresh data a server that was drained comes back by a ramp to its learned weight.
 */
export function holdAll(input: HoldInput, hold: Hold, before: GuardState) {
  const { entries, settings } = input;
  const blindForMs = before.blindForMs === null ? 0 : before.blindForMs + input.elapsedMs;
  const isOutage = entries.length > 0 && entries.every(({ observation }) => observation.currentWeight === 0);
  const outcomes = isOutage ? entries.map(configured) : heldOrCut(entries, hold, before, blindForMs, settings);
  const memories = outcomes.map(({ decision, memory }) => [decision.server, memory] as const);
  const servers = remember(before, memories, input.present);
  return {
    decisions: outcomes.map(({ decision }) => decision),
    state: { ...before, ...sinceLastWrite(before, entries), servers, blindForMs },
  };
}

interface Outcome {
  readonly decision: Decision;
  readonly memory: ServerMemory;
}

function configured(entry: Entry): Outcome {
  const { memory, observation } = entry;
  return {
    decision: decisionOf(entry, observation.configuredWeight, false, [{ code: 'released', because: 'all-zero' }]),
    memory: { ...memory, drained: false, ejection: neverEjected, uncut: null },
  };
}

/** A server before errors are counted. */
interface Stand extends BlindSubject {
  readonly entry: Entry;
  readonly memory: ServerMemory;
  readonly reasons: readonly Reason[];
}

function heldOrCut(
  entries: readonly Entry[],
  { because, detail }: Hold,
  before: GuardState,
  blindForMs: number,
  settings: HoldInput['settings'],
): Outcome[] {
  const scale = scaleOf(entries);
  const isLong = blindForMs >= blindLimitMs;
  const stands = entries.map((entry) => {
    const known = before.servers.get(entry.observation.server) ?? newcomer;
    return (isLong ? returning(entry, known, scale, settings.rampStep) : null) ?? standOf(entry, known, scale);
  });
  const open = stands.filter(({ uncut, memory }) => uncut > 0 && !isOut(memory));
  const weights = new Map<Stand, BlindWeight>();
  for (const [index, weight] of cutBlind(open, settings).entries()) {
    const stand = open[index];
    if (stand !== undefined) weights.set(stand, weight);
  }
  return stands.map((stand): Outcome => {
    const { entry, memory, current, isSet } = stand;
    const out = isEjected(memory) ? 0 : current;
    const { weight = out, uncut = stand.uncut, reasons = [] } = weights.get(stand) ?? {};
    const held: Reason[] = [{ code: 'held', because, detail }];
    return {
      decision: decisionOf(entry, weight, isOut(memory), [...held, ...stand.reasons, ...reasons]),
      memory: { ...memory, uncut: isSet && stand.errorShare > 0 ? { weight: uncut, left: weight } : null },
    };
  });
}

/** A server that was drained comes back step by step; null: it was not, or there is nothing to go by. */
function returning(entry: Entry, known: ServerMemory, scale: number | null, rampStep: number): Stand | null {
  const { memory, observation } = entry;
  const isReturning = known.ramp < 1 && memory.leftWeight !== null;
  if (scale === null || memory.logWeight === null || !(memory.drained || isReturning)) return null;
  const ramp = memory.drained ? rampStep : memory.ramp;
  const uncut = Math.max(1, Math.min(maxWeight, Math.round(scale * Math.exp(memory.logWeight) * ramp)));
  const released: Reason[] = memory.drained ? [{ code: 'released', because: 'stale' }] : [];
  return {
    entry,
    current: observation.currentWeight,
    uncut,
    errors: entry.errors,
    errorShare: memory.errorShare,
    isSet: true,
    memory: { ...memory, drained: false, ramp, leftWeight: uncut },
    reasons: [...released, { code: 'ramp', factor: ramp }],
  };
}

/** Any other server. A ramp waits: its next step is not written. */
function standOf(entry: Entry, known: ServerMemory, scale: number | null): Stand {
  const { observation, memory } = entry;
  const { currentWeight: current } = observation;
  const { errorShare } = memory;
  const isCut = errorShare > 0 || memory.uncut?.left === current;
  const isSet = !memory.drained && isCut && (current > 0 || isEjected(memory) || isEjected(known));
  const uncut = isSet ? uncutWeight(entry, known, scale) : current;
  return {
    ...{ entry, current, uncut, errors: entry.errors, errorShare, isSet, reasons: [] },
    memory: { ...memory, ramp: Math.min(memory.ramp, known.ramp) },
  };
}

/** The weight without the cut, as this server had it in HAProxy. */
function uncutWeight({ observation, memory }: Entry, known: ServerMemory, scale: number | null): number {
  const { currentWeight: current, configuredWeight } = observation;
  const { uncut, logWeight, logGrade } = memory;
  if (uncut !== null && uncut.left === current) return uncut.weight;
  const wasCut = uncut === null && known.errorShare > 0;
  if (current > 0 && !wasCut) return current;
  // since before the agents fell silent
  const learned = scale === null || logWeight === null ? null : scale * Math.exp(logWeight + logGrade);
  const given = current === 0 ? configuredWeight : current / errorFactor(known.errorShare);
  return Math.min(maxWeight, Math.max(1, current, Math.round(learned ?? given)));
}

/** HAProxy's weight for a learned weight of 1, from the servers that have their full weight; null: none has. */
function scaleOf(entries: readonly Entry[]): number | null {
  const full = entries.flatMap(({ observation: { currentWeight }, memory: { logWeight, ramp, errorShare } }) => {
    const isFull = currentWeight > 0 && ramp === 1 && errorShare === 0;
    return isFull && logWeight !== null ? [{ currentWeight, logWeight }] : [];
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
