import type { Reason } from '../../../shared/contract/decision.ts';
import { maxWeight } from '../../../shared/contract/limits.ts';
import type { Dynamics } from '../../../shared/contract/policy.ts';
import { sum } from '../../../shared/math/statistics.ts';
import { fastReasons, fastWeight } from '../fast/fast-weight.ts';
import { errorFactor, errorReasons } from './errors.ts';
import type { LearnedEntry } from './learn.ts';
import type { GuardSettings } from './settings.ts';
import { type ShareLimit, shareLimits, unlimited } from './share-limit.ts';

/** An entry with the weight that its server should have. */
export interface ScaledEntry extends LearnedEntry {
  /** 0 to 256; 0 only where the server is drained or its breaker is open. */
  readonly wanted: number;
  /** The same if it were not drained, with its breaker closed and its ramp over, 1 to 256. */
  readonly undrained: number;
}

/**
 * Integer weights from the learned ones: limited, cut for errors, lifted to the floor, and scaled so that the largest is 256.
 * Then what the looks decided: a ramp or an ejection of one server moves no other one's weight. The steps are added to the
 * reasons. Pure.
 */
export function scaleWeights(
  entries: readonly LearnedEntry[],
  dynamics: Dynamics,
  settings: Pick<GuardSettings, 'floor'>,
  isLeastconn: boolean,
): ScaledEntry[] {
  const limitOf = dynamics.concentrates ? () => unlimited : limitsOf(entries);
  const relativeOf = (entry: LearnedEntry) => relativeWeight(entry.memory, limitOf(entry).factor);
  const relative = entries.filter(({ memory }) => !memory.drained).map(relativeOf);
  const least = leastWeight(relative, settings.floor);
  const largest = Math.max(least, ...relative);
  return entries.map((entry) => {
    const own = relativeOf(entry);
    const floored = Math.max(own, least);
    const undrained = toInteger(Math.min(floored, largest), largest);
    if (entry.memory.drained) return { ...entry, wanted: 0, undrained };
    const { fast } = entry.observation;
    const steps = stepsOf(entry, limitOf(entry), own, floored, undrained);
    const reasons = [...entry.reasons, ...steps, ...fastReasons(fast)];
    return { ...entry, wanted: fastWeight(undrained, fast, isLeastconn), undrained, reasons };
  });
}

/** The least relative weight that keeps a server in sight: `floor` times the mean. */
export function leastWeight(weights: readonly number[], floor: number): number {
  return (floor * sum(weights)) / Math.max(1, weights.length);
}

/** A relative weight > 0 as an integer from 1 to 256, where the largest of the backend becomes 256. */
export function toInteger(weight: number, largest: number): number {
  return Math.max(1, Math.round((maxWeight * weight) / largest));
}

function limitsOf(entries: readonly LearnedEntry[]): (entry: LearnedEntry) => ShareLimit {
  const weighed = ({ observation, memory }: LearnedEntry) => {
    return {
      learned: Math.exp(memory.logWeight),
      configured: observation.configuredWeight,
      proven: memory.proven,
    };
  };
  const limitOf = shareLimits(entries.map(weighed));
  return (entry) => limitOf(weighed(entry));
}

function relativeWeight(memory: LearnedEntry['memory'], limit: number): number {
  const grown = Math.exp(memory.logWeight + memory.logGrade) * limit;
  return grown * errorFactor(memory.errorShare);
}

function stepsOf(
  { memory, errors }: LearnedEntry,
  { factor: limit, provenPart }: ShareLimit,
  relative: number,
  floored: number,
  wanted: number,
): Reason[] {
  const steps: Reason[] = [];
  if (provenPart !== null) steps.push({ code: 'limit-raised', part: provenPart });
  if (limit < 1) steps.push({ code: 'limited', factor: limit });
  steps.push(...errorReasons(errors, errorFactor(memory.errorShare)));
  if (floored > relative) steps.push({ code: 'floor', factor: floored / relative });
  return [...steps, { code: 'scaled', from: floored, to: wanted }];
}
