import type { Reason } from '../../../shared/contract/decision.ts';
import { maxWeight } from '../../../shared/contract/limits.ts';
import type { Dynamics } from '../../../shared/contract/policy.ts';
import { sum } from '../../../shared/math/statistics.ts';
import { errorFactor, errorReasons } from './errors.ts';
import type { LearnedEntry } from './learn.ts';
import type { GuardSettings } from './settings.ts';
import { type ShareLimit, shareLimits, unlimited } from './share-limit.ts';
import { isOut } from './state.ts';

/** An entry with the weight that its server should have. */
export interface ScaledEntry extends LearnedEntry {
  /** 0 to 256; 0 only where the server is out. */
  readonly wanted: number;
}

/**
 * Integer weights from the learned ones: limited, cut for errors, ramped, lifted to the floor, and scaled so that the largest
 * is 256. The steps are added to the reasons. Pure.
 */
export function scaleWeights(
  entries: readonly LearnedEntry[],
  dynamics: Dynamics,
  settings: Pick<GuardSettings, 'floor'>,
): ScaledEntry[] {
  const limitOf = dynamics.concentrates ? () => unlimited : limitsOf(entries);
  const relativeOf = (entry: LearnedEntry) => relativeWeight(entry.memory, limitOf(entry).factor);
  const relative = entries.filter(({ memory }) => !isOut(memory)).map(relativeOf);
  const least = leastWeight(relative, settings.floor);
  const largest = Math.max(least, ...relative);
  return entries.map((entry) => {
    if (isOut(entry.memory)) return { ...entry, wanted: 0 };
    const own = relativeOf(entry);
    const floored = Math.max(own, least);
    const wanted = toInteger(floored, largest);
    const steps = stepsOf(entry, limitOf(entry), own, floored, wanted);
    return { ...entry, wanted, reasons: [...entry.reasons, ...steps] };
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
  return grown * errorFactor(memory.errorShare) * memory.ramp;
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
  if (memory.ramp < 1) steps.push({ code: 'ramp', factor: memory.ramp });
  if (floored > relative) steps.push({ code: 'floor', factor: floored / relative });
  return [...steps, { code: 'scaled', from: floored, to: wanted }];
}
