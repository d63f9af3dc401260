/** Constants of the learning; docs/algorithm.md gives each its reason. */
export interface LearningSettings {
  /** Share of what was learned that one tick replaces, 0 to 1. */
  readonly gain: number;
  /** The same for a tick that cannot be explained by noise: the capacity itself has changed. */
  readonly jumpGain: number;
}

/** What is known of one server's capacity: two sums that forget at the same pace, and their quotient. */
export interface Learned {
  /** Successful requests. */
  readonly requests: number;
  /** Seconds of full utilisation. */
  readonly busySeconds: number;
  /** Successful requests per second at utilisation 1; null until enough was seen. */
  readonly capacity: number | null;
}

export interface Sample {
  /** Successful requests during the tick, 1 or more. */
  readonly requests: number;
  /** Utilisation of the resource nearest to its limit, 0 to 1. */
  readonly utilisation: number;
  /** Length of the tick. */
  readonly seconds: number;
}

export const nothingLearned: Learned = { requests: 0, busySeconds: 0, capacity: null };

/** Below this a utilisation is mostly noise and would make a capacity without bound. */
const minUtilisation = 0.005;
/** Enough to divide: requests, and seconds of full utilisation. */
const minRequests = 5;
const minBusySeconds = 0.05;
/** Fewer requests than this in a tick say nothing about a jump. */
const minJumpRequests = 10;
/** Deviations of the estimate beyond which it is a jump. */
const jumpDeviations = 3;
/** Squared coefficient of variation of the demand of one request: 1.5 ** 2. */
const demandVariation = 2.25;
/** Standard deviation of a measured utilisation. */
const utilisationNoise = 0.02;

/**
 * Takes in one tick. Capacity is requests per busy second; the quotient of two sums weighs each tick by its work, where
 * a mean of quotients would let an idle tick count as much as a busy one. Requests must be completed successes: they
 * follow what the server can do, arrivals follow what it was given.
 */
export function learn(before: Learned, sample: Sample, settings: LearningSettings): Learned & { changed: boolean } {
  const utilisation = Math.min(1, Math.max(minUtilisation, sample.utilisation));
  const changed = isJump(before.capacity, { ...sample, utilisation });
  const gain = changed ? settings.jumpGain : settings.gain;
  const requests = (1 - gain) * before.requests + gain * sample.requests;
  const busySeconds = (1 - gain) * before.busySeconds + gain * utilisation * sample.seconds;
  const enough = requests >= minRequests && busySeconds >= minBusySeconds;
  return { requests, busySeconds, capacity: enough ? requests / busySeconds : before.capacity, changed };
}

/** Whether the tick's own estimate is further from the learned one than chance would have it. */
function isJump(capacity: number | null, { requests, utilisation, seconds }: Sample): boolean {
  if (capacity === null || requests < minJumpRequests) return false;
  const distance = Math.abs(Math.log(requests / (utilisation * seconds)) - Math.log(capacity));
  return distance > jumpDeviations * Math.sqrt(demandVariation / requests + (utilisationNoise / utilisation) ** 2);
}
