import type { Decision, HeldBecause, Reason } from '../../../shared/contract/decision.ts';
import { maxWeight } from '../../../shared/contract/limits.ts';
import { sum } from '../../../shared/math/statistics.ts';
import { fastReasons, fastWeight, isHeldBack } from '../fast/fast-weight.ts';
import { type BlindSubject, type BlindWeight, cutBlind } from './blind-cut.ts';
import { errorFactor } from './errors.ts';
import type { FullWeight } from './full-weight.ts';
import { remember, sinceLastWrite } from './memory.ts';
import type { GuardSettings } from './settings.ts';
import { type GuardState, newcomer, type ServerMemory } from './state.ts';
import type { Entry } from './take-in.ts';

/** Why no weight is decided at this tick. */
export interface Hold {
  readonly because: HeldBecause;
  readonly detail: string;
}

export interface HoldInput {
  readonly entries: readonly Entry[];
  readonly present: ReadonlySet<string>;
  readonly settings: Pick<GuardSettings, 'floor' | 'deadband'>;
  readonly isLeastconn: boolean;
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
 * are put back (rule 1 comes first). A server that answers errors is cut for them, and let back (rule 5); what the looks between
 * ticks decide, from HAProxy's counters alone, goes on. And after `blindLimitMs` without fresh data a server that was drained
 * comes back by a ramp to its learned weight.
 */
export function holdAll(input: HoldInput, hold: Hold, before: GuardState) {
  const { entries } = input;
  const blindForMs = before.blindForMs === null ? 0 : before.blindForMs + input.elapsedMs;
  const isOutage = entries.length > 0 && entries.every(({ observation }) => observation.currentWeight === 0);
  const outcomes = isOutage ? entries.map(configured) : heldOrCut(input, hold, before, blindForMs);
  const memories = outcomes.map(({ decision, memory }) => [decision.server, memory] as const);
  const servers = remember(before, memories, input.present);
  return {
    decisions: outcomes.map(({ decision }) => decision),
    full: new Map(outcomes.map(({ decision, full }) => [decision.server, full])),
    state: { ...before, ...sinceLastWrite(before, entries), servers, blindForMs },
  };
}

interface Outcome {
  readonly decision: Decision;
  readonly full: FullWeight;
  readonly memory: ServerMemory;
}

function configured(entry: Entry): Outcome {
  const { memory, observation, size } = entry;
  const { configuredWeight: full } = observation;
  return {
    decision: decisionOf(entry, full, false, [{ code: 'released', because: 'all-zero' }]),
    full: { full, undrained: full, size, capacity: capacityOf(entry) },
    memory: { ...memory, drained: false, full, uncut: null },
  };
}

/** A server before errors are counted. */
interface Stand extends BlindSubject {
  readonly entry: Entry;
  readonly memory: ServerMemory;
  readonly reasons: readonly Reason[];
}

function heldOrCut(
  { entries, settings, isLeastconn }: HoldInput,
  { because, detail }: Hold,
  before: GuardState,
  blindForMs: number,
): Outcome[] {
  const scale = scaleOf(entries);
  const isLong = blindForMs >= blindLimitMs;
  const stands = entries.map((entry) => {
    const known = before.servers.get(entry.observation.server) ?? newcomer;
    return (isLong ? returning(entry, scale) : null) ?? standOf(entry, known, scale);
  });
  const open = stands.filter(({ uncut, memory }) => uncut > 0 && !memory.drained);
  const weights = new Map<Stand, BlindWeight>();
  for (const [index, weight] of cutBlind(open, settings).entries()) {
    const stand = open[index];
    if (stand !== undefined) weights.set(stand, weight);
  }
  return stands.map((stand): Outcome => {
    const { entry, memory, current, isSet } = stand;
    const { fast, configuredWeight } = entry.observation;
    const { weight: full = current, uncut = stand.uncut, reasons = [] } = weights.get(stand) ?? {};
    const isServing = full > 0 && !memory.drained;
    const weight = isServing && isKnown(entry) ? fastWeight(full, fast, isLeastconn) : full;
    const held: Reason[] = [{ code: 'held', because, detail }];
    const why = [...held, ...stand.reasons, ...reasons, ...(isServing ? fastReasons(fast) : [])];
    const undrained = full > 0 ? full : (memory.full ?? Math.max(1, configuredWeight));
    return {
      decision: decisionOf(entry, weight, memory.drained || (isServing && weight === 0), why),
      full: { full, undrained, size: entry.size, capacity: capacityOf(entry) },
      memory: {
        ...memory,
        full: full > 0 ? full : memory.full,
        isHeldBack: isHeldBack(fast),
        uncut: isSet && stand.errorShare > 0 ? { weight: uncut, left: full } : null,
      },
    };
  });
}

function capacityOf({ verdict }: Entry): number | null {
  return verdict.capacity ?? null;
}

/** Whether its full weight is known and HAProxy has another one, for a breaker or a ramp of now or of the tick before. */
function isKnown({ observation: { fast }, memory }: Entry): boolean {
  return (isHeldBack(fast) || memory.isHeldBack) && memory.full !== null;
}

/** The full weight, as far as HAProxy had it. */
function standingWeight(entry: Entry): number {
  const { memory, observation } = entry;
  return isKnown(entry) && !memory.drained ? (memory.full ?? observation.currentWeight) : observation.currentWeight;
}

/** A server that was drained comes back, by the ramp of the looks; null: it was not, or there is nothing to go by. */
function returning(entry: Entry, scale: number | null): Stand | null {
  const { memory } = entry;
  if (scale === null || memory.logWeight === null || !memory.drained) return null;
  const uncut = Math.max(1, Math.min(maxWeight, Math.round(scale * Math.exp(memory.logWeight))));
  return {
    entry,
    current: uncut,
    uncut,
    errors: entry.errors,
    errorShare: memory.errorShare,
    isSet: true,
    memory: { ...memory, drained: false, full: uncut },
    reasons: [{ code: 'released', because: 'stale' }],
  };
}

/** Any other server. */
function standOf(entry: Entry, known: ServerMemory, scale: number | null): Stand {
  const { memory, errors } = entry;
  const current = standingWeight(entry);
  const { errorShare } = memory;
  const isCut = errorShare > 0 || memory.uncut?.left === current;
  const isSet = !memory.drained && isCut && current > 0;
  const uncut = isSet ? uncutWeight(entry, current, known, scale) : current;
  return { entry, current, uncut, errors, errorShare, isSet, memory, reasons: [] };
}

/** The weight without the cut, as this server had it in HAProxy. */
function uncutWeight({ memory }: Entry, current: number, known: ServerMemory, scale: number | null): number {
  const { uncut, logWeight, logGrade } = memory;
  if (uncut !== null && uncut.left === current) return uncut.weight;
  const wasCut = uncut === null && known.errorShare > 0;
  if (!wasCut) return current;
  // since before the agents fell silent
  const learned = scale === null || logWeight === null ? null : scale * Math.exp(logWeight + logGrade);
  const given = current / errorFactor(known.errorShare);
  return Math.min(maxWeight, Math.max(1, current, Math.round(learned ?? given)));
}

/** HAProxy's weight for a learned weight of 1, from the servers that have their full weight; null: none has. */
function scaleOf(entries: readonly Entry[]): number | null {
  const full = entries.flatMap(({ observation: { currentWeight, fast }, memory: { logWeight, errorShare } }) => {
    const isFull = currentWeight > 0 && !isHeldBack(fast) && errorShare === 0;
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
