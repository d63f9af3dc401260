import { sum } from '../../../../shared/math/statistics.ts';
import { type Weighted, weightedMedian } from './weighted-median.ts';
import type { Stretch } from './work.ts';

/** How fast a server's cores are against the other servers': ln of the ratio, and the variance of what is not known of it. */
export interface SpeedMemory {
  readonly log: number;
  readonly variance: number;
  /** Whether anything was measured. */
  readonly known: boolean;
  /** How far it was last found to have changed, halved at each measurement since: the change may have only begun. */
  readonly change: number;
}

/** What all servers of the backend have in common. */
export interface Fleet {
  /** Squared coefficient of variation of one request's work, as it shows in the measurements. */
  readonly variation: number;
  /** How many measurements that is from. */
  readonly measurements: number;
  /** ln of requests a busy core-second; null: nothing was measured. */
  readonly level: number | null;
  /** How much more than usual a change must stand out, in standard deviations: what changed has often changed back at once. */
  readonly doubt: number;
}

/** Speeds a core differ by a third or so: standard deviation of their logarithm, squared. */
const priorVariance = 0.15;
export const unknownSpeed: SpeedMemory = { log: 0, variance: priorVariance, known: false, change: 0 };
/** 1.5 squared. */
export const unknownFleet: Fleet = { variation: 2.25, measurements: 0, level: null, doubt: 0 };

/** How much a speed may have changed at a measurement of `usualVariance`: less evidence, less forgotten. */
const drift = 0.0004;
const usualVariance = 0.016;
/** Standard deviations from which the last one, two or three measurements are no chance: the speed itself has changed. */
const changeDeviations = [4.4, 4, 3.8] as const;
/** What part of the doubt counts for each. */
const doubted = [1, 0.5, 0] as const;
/** From here on the opposite way, within two measurements, a change was none: a pause, as for collecting garbage. */
const reversalDeviations = 2;
const mostDoubt = 3;
/** Of the doubt, a measurement: some minutes. */
const doubtFades = 0.003;
/** No server does more than four times the work a core of the others, nor less than a twentieth. */
const largestLog = Math.log(4);
const leastLog = -3;
/** How fast the common level follows, and how slowly the variation. */
const levelGain = 0.5;
const variationPrior = 50;
const mostMeasurements = 250;
const leastVariation = 0.1;
const largestVariation = 60;

export interface SpeedSubject {
  readonly speed: SpeedMemory;
  readonly stretches: readonly Stretch[];
  /** This tick's measurement, the common part included; null: none. */
  readonly measurement: (Stretch & { readonly requests: number }) | null;
}

export interface SpeedOutcome {
  readonly speed: SpeedMemory;
  readonly stretches: readonly Stretch[];
  /** Whether it was found to have changed at this tick. */
  readonly changed: boolean;
}

interface Step extends SpeedOutcome {
  /** Whether its last change was none. */
  readonly reversed: boolean;
  /** Squared distance from what was expected, as a variation of one request's work. */
  readonly variation: number | null;
}

/**
 * A Kalman filter for each server on ln of its speed a core, relative to the others at the same time. What all have in common
 * (a heavier mix of requests, a deployment, a slow database) is the weighted median of the distances, and moves nobody.
 */
export function learnSpeeds(
  subjects: readonly SpeedSubject[],
  fleet: Fleet,
): { readonly outcomes: readonly SpeedOutcome[]; readonly fleet: Fleet } {
  const distances = subjects.map(distanceOf);
  const votes = distances.filter((vote) => vote !== null);
  const common = weightedMedian(votes.length === 2 && fleet.level !== null ? withLevel(votes, fleet.level) : votes);
  if (common === null) return { outcomes: subjects.map((each) => ({ ...each, changed: false })), fleet };
  const total = sum(votes.map(({ weight }) => weight));
  const steps = subjects.map((subject, index) =>
    stepOf(subject, common, (distances[index]?.weight ?? 0) / total, fleet),
  );
  const level = fleet.level === null ? common : fleet.level + levelGain * (common - fleet.level);
  const variations = steps.flatMap(({ variation }) => variation ?? []);
  const doubt = doubtOf(fleet, steps);
  return recentred(steps, { ...withVariations(fleet, variations), level, doubt });
}

function distanceOf({ measurement, speed }: SpeedSubject): Weighted | null {
  if (measurement === null) return null;
  return { value: measurement.log - speed.log, weight: 1 / (speed.variance + measurement.variance) };
}

/** Of two servers neither can outvote the other; the one that agrees with what was common so far is right. */
function withLevel(votes: readonly Weighted[], level: number): Weighted[] {
  return [...votes, { value: level, weight: Math.min(...votes.map(({ weight }) => weight)) }];
}

/** `part`: this measurement's part of what `common` is made of, 0 to 1. */
function stepOf({ speed, stretches, measurement }: SpeedSubject, common: number, part: number, fleet: Fleet): Step {
  if (measurement === null) return { speed, stretches, changed: false, reversed: false, variation: null };
  const { requests } = measurement;
  const now: Stretch = { log: measurement.log - common, variance: measurement.variance };
  const recent = [now, ...stretches].slice(0, changeDeviations.length);
  const reversed = isReversed(speed, stretches, now);
  const change = reversed ? now : changeOf(speed, recent, fleet.doubt);
  const used = change ?? now;
  const innovation = used.log - speed.log;
  const uncertain = speed.variance + (change === null ? speed.change ** 2 / 2 : innovation ** 2);
  const gain = uncertain / (uncertain + used.variance);
  const forgotten = drift * Math.min(1, usualVariance / used.variance);
  const learned: SpeedMemory = {
    log: speed.log + gain * innovation,
    variance: (1 - gain) * uncertain + forgotten,
    known: true,
    change: change === null ? speed.change / 2 : innovation,
  };
  const expected = speed.variance + now.variance - fleet.variation / requests;
  const squared = Math.min(innovation ** 2, 9 * (speed.variance + now.variance)) / Math.max(0.2, 1 - part);
  const variation = change === null && part < 1 ? (squared - expected) * requests : null;
  return {
    speed: learned,
    stretches: change === null ? recent.slice(0, changeDeviations.length - 1) : [],
    changed: change !== null,
    reversed,
    variation,
  };
}

/** Whether this measurement takes back a change that was found just before. */
function isReversed({ log, variance, change }: SpeedMemory, since: readonly Stretch[], now: Stretch): boolean {
  if (change === 0 || since.length >= changeDeviations.length - 1) return false;
  return (log - now.log) * Math.sign(change) > reversalDeviations * Math.sqrt(variance + now.variance);
}

/** The shortest run of last measurements that chance does not explain, as one; null: chance explains all. */
function changeOf({ log, variance, known }: SpeedMemory, recent: readonly Stretch[], doubt: number): Stretch | null {
  if (!known) return null;
  for (const [index, deviations] of changeDeviations.slice(0, recent.length).entries()) {
    const run = recent.slice(0, index + 1);
    const precision = sum(run.map((each) => 1 / each.variance));
    const mean = sum(run.map((each) => each.log / each.variance)) / precision;
    const deviation = Math.sqrt(variance + 1 / precision);
    if (Math.abs(mean - log) > (deviations + doubt * (doubted[index] ?? 0)) * deviation)
      return { log: mean, variance: 1 / precision };
  }
  return null;
}

function doubtOf({ doubt }: Fleet, steps: readonly Step[]): number {
  const reversed = steps.filter((step) => step.reversed).length;
  return Math.min(mostDoubt, reversed + Math.max(0, doubt - doubtFades));
}

function withVariations(fleet: Fleet, variations: readonly number[]): Fleet {
  if (variations.length === 0) return fleet;
  const measurements = Math.min(mostMeasurements, fleet.measurements + variations.length);
  const seen = sum(variations) / variations.length;
  const gain = variations.length / (variationPrior + measurements);
  const variation = fleet.variation + Math.min(1, gain) * (seen - fleet.variation);
  return { ...fleet, measurements, variation: Math.min(largestVariation, Math.max(leastVariation, variation)) };
}

/** Speeds are relative: their middle is 0, and what moves it is common to all. */
function recentred(steps: readonly Step[], fleet: Fleet & { readonly level: number }) {
  const known = steps.filter(({ speed }) => speed.known);
  const centre = weightedMedian(known.map(({ speed }) => ({ value: speed.log, weight: 1 / speed.variance }))) ?? 0;
  const outcomes = steps.map(({ speed, stretches, changed }): SpeedOutcome => {
    if (!speed.known) return { speed, stretches, changed };
    const log = Math.min(largestLog, Math.max(leastLog, speed.log - centre));
    return {
      speed: { ...speed, log },
      stretches: stretches.map((each) => ({ ...each, log: each.log - centre })),
      changed,
    };
  });
  return { outcomes, fleet: { ...fleet, level: fleet.level + centre } };
}
