import { sum } from '../../../../shared/math/statistics.ts';
import { addToRuns, changeOf, noRuns, type Runs, shifted } from './change.ts';
import { type Weighted, weightedMedian } from './weighted-median.ts';
import type { Stretch } from './work.ts';

/** How fast a server's cores are against the other servers': ln of the ratio, and the variance of that estimate. */
export interface SpeedMemory {
  readonly log: number;
  readonly variance: number;
  /** Whether anything was measured. */
  readonly known: boolean;
  /** How far it was last found to have changed, halved at each measurement since: the change may have only begun. */
  readonly change: number;
  /** Measurements since then, or since the first. */
  readonly sinceChange: number;
}

/** What all servers of the backend have in common. */
export interface Fleet {
  /** Squared coefficient of variation of one request's work, as it shows in the measurements. */
  readonly variation: number;
  /** How many measurements that is from. */
  readonly measurements: number;
  /** ln of requests a busy core-second; null: nothing was measured. */
  readonly level: number | null;
  /** How much more evidence than usual a change needs, as a logarithm: what changed has often changed back at once. */
  readonly doubt: number;
}

/** Speeds a core differ by a third or so: standard deviation of their logarithm, squared. */
const priorVariance = 0.15;
export const unknownSpeed: SpeedMemory = { log: 0, variance: priorVariance, known: false, change: 0, sinceChange: 0 };
/** 1.5 squared. */
export const unknownFleet: Fleet = { variation: 2.25, measurements: 0, level: null, doubt: 0 };

/** How much a speed may have changed at a measurement of `usualVariance`: less evidence, less forgotten. */
const drift = 0.0004;
const usualVariance = 0.016;
/**
 * What makes a server slow mostly ends, and with few requests nothing shows that it has. Where it differs from the others, for so
 * many measurements after a change, or after the first, each one that says little adds so much to what is not known, until the
 * server counts as equal to the others again.
 */
const provisional = 30;
const littleSaid = 0.3;
const littleDifference = 0.2;
const doubtOfChange = 0.1;
/** A change that is still as large as this one may be taken back. */
const freshChange = 0.1;
/** A measurement this far off the opposite way takes a fresh change back: it was a pause, as for collecting garbage. */
const reversalDeviations = 2;
const doubtOfOne = 6;
const mostDoubt = 18;
/** Of the doubt, at each tick: a reversal is forgotten after twenty minutes. */
const doubtFades = 0.01;
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
  readonly runs: Runs;
  /** This tick's measurement, the common part included; null: none. */
  readonly measurement: (Stretch & { readonly requests: number }) | null;
}

export interface SpeedOutcome {
  readonly speed: SpeedMemory;
  readonly runs: Runs;
  /** Whether it was found to have changed at this tick. */
  readonly changed: boolean;
}

interface Step extends SpeedOutcome {
  /** Whether this measurement takes its last change back. */
  readonly reversed: boolean;
  /** Squared distance from what was expected, as a variation of one request's work; null: it says nothing. */
  readonly variation: Weighted | null;
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
function stepOf({ speed, runs, measurement }: SpeedSubject, common: number, part: number, fleet: Fleet): Step {
  if (measurement === null) return { speed, runs, changed: false, reversed: false, variation: null };
  const now: Stretch = { log: measurement.log - common, variance: measurement.variance };
  const longer = speed.known ? addToRuns(runs, speed, now) : noRuns;
  const reversed = isReversed(speed, now);
  const change = reversed ? now : changeOf(longer, fleet.doubt);
  return {
    speed: learn(speed, change ?? now, change !== null),
    runs: change === null ? longer : noRuns,
    changed: change !== null,
    reversed,
    variation: change === null && part < 1 ? variationOf(speed, now, measurement.requests, part, fleet) : null,
  };
}

function learn(speed: SpeedMemory, used: Stretch, changed: boolean): SpeedMemory {
  const innovation = used.log - speed.log;
  const uncertain = speed.variance + (changed ? innovation ** 2 : speed.change ** 2 / 2);
  const gain = uncertain / (uncertain + used.variance);
  const sinceChange = changed ? 0 : speed.sinceChange + 1;
  const isRecent = speed.known && !changed && sinceChange <= provisional;
  const isDoubtful = isRecent && Math.abs(speed.log) > littleDifference && used.variance > littleSaid;
  const variance = (1 - gain) * uncertain + drift * Math.min(1, usualVariance / used.variance);
  return {
    log: speed.log + gain * innovation,
    variance: variance + (isDoubtful ? doubtOfChange : 0),
    known: true,
    change: changed ? innovation : speed.change / 2,
    sinceChange,
  };
}

/**
 * How far this measurement was from what was expected, squared, as a variation of one request's work. The less was known of the
 * speed itself, the less it says: a squared distance has a standard deviation in proportion to the whole variance.
 */
function variationOf(speed: SpeedMemory, now: Stretch, requests: number, part: number, { variation }: Fleet): Weighted {
  const all = speed.variance + now.variance;
  const squared = Math.min((now.log - speed.log) ** 2, 9 * all) / Math.max(0.2, 1 - part);
  return { value: (squared - all) * requests + variation, weight: (now.variance / all) ** 2 };
}

/** Whether this measurement takes back a change that was found just before. */
function isReversed({ log, variance, change }: SpeedMemory, now: Stretch): boolean {
  if (Math.abs(change) < freshChange) return false;
  return (log - now.log) * Math.sign(change) > reversalDeviations * Math.sqrt(variance + now.variance);
}

function doubtOf({ doubt }: Fleet, steps: readonly Step[]): number {
  const reversed = steps.filter((step) => step.reversed).length;
  return Math.min(mostDoubt, doubtOfOne * reversed + Math.max(0, doubt - doubtFades));
}

function withVariations(fleet: Fleet, variations: readonly Weighted[]): Fleet {
  const evidence = sum(variations.map(({ weight }) => weight));
  if (evidence === 0) return fleet;
  const measurements = Math.min(mostMeasurements, fleet.measurements + evidence);
  const seen = sum(variations.map(({ value, weight }) => value * weight)) / evidence;
  const gain = evidence / (variationPrior + measurements);
  const variation = fleet.variation + Math.min(1, gain) * (seen - fleet.variation);
  return { ...fleet, measurements, variation: Math.min(largestVariation, Math.max(leastVariation, variation)) };
}

/** Speeds are relative: their middle is 0, and what moves it is common to all. */
function recentred(steps: readonly Step[], fleet: Fleet & { readonly level: number }) {
  const known = steps.filter(({ speed }) => speed.known);
  const centre = weightedMedian(known.map(({ speed }) => ({ value: speed.log, weight: 1 / speed.variance }))) ?? 0;
  const outcomes = steps.map(({ speed, runs, changed }): SpeedOutcome => {
    if (!speed.known) return { speed, runs, changed };
    const log = Math.min(largestLog, Math.max(leastLog, speed.log - centre));
    return {
      speed: { ...speed, log },
      runs: shifted(runs, centre),
      changed,
    };
  });
  return { outcomes, fleet: { ...fleet, level: fleet.level + centre } };
}
