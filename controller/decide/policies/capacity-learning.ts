import { sum } from '../../../shared/math/statistics.ts';

/** Constants of the learning; docs/algorithm.md gives each its reason. */
export interface LearningSettings {
  /** Share of what was learned that is forgotten in a tick, 0 to 1. */
  readonly forgetting: number;
  /** Standard deviations beyond which the last ticks are not noise: the capacity itself has changed. */
  readonly jumpDeviations: number;
}

/** Work that a server did, and what it took. */
interface Work {
  /** Successful requests. */
  readonly requests: number;
  /** Seconds of full utilisation. */
  readonly busySeconds: number;
}

/** What is known of one server's capacity: the work that it did, of which a share is forgotten each tick, and its quotient. */
export interface Learned extends Work {
  /** Successful requests per second at utilisation 1; null until enough was seen. */
  readonly capacity: number | null;
  /** The last ticks, newest first. */
  readonly recent: readonly Work[];
}

export interface Sample {
  /** Successful requests during the tick, 1 or more. */
  readonly requests: number;
  /** Utilisation of the resource nearest to its limit, 0 to 1. */
  readonly utilisation: number;
  /** Length of the tick. */
  readonly seconds: number;
}

export const nothingLearned: Learned = { requests: 0, busySeconds: 0, capacity: null, recent: [] };

/** A utilisation below this is mostly noise, and would make the capacity grow without bound. */
const minUtilisation = 0.005;
/** Enough to divide: requests, and seconds of full utilisation. */
const minRequests = 5;
const minBusySeconds = 0.05;
/** The last tick, the last two and the last three are searched for a change of capacity. */
const longestJumpTicks = 3;
/** Fewer requests than this say nothing about a change. */
const minJumpRequests = 10;
/** Squared coefficient of variation of the demand of one request: 1.5 ** 2. */
const demandVariation = 2.25;
/** Standard deviation of a measured utilisation. */
const utilisationNoise = 0.02;

/**
 * Takes in one tick. Capacity is requests per busy second; the quotient of two sums weighs each tick by its work, where
 * a mean of quotients would let an idle tick count as much as a busy one. Requests must be completed successes: they
 * follow what the server can do, arrivals follow what it was given. Where the last ticks contradict all that was learned
 * before, only they count.
 */
export function learn(before: Learned, sample: Sample, settings: LearningSettings): Learned & { changed: boolean } {
  const utilisation = Math.min(1, Math.max(minUtilisation, sample.utilisation));
  const now = { requests: sample.requests, busySeconds: utilisation * sample.seconds };
  const recent = [now, ...before.recent].slice(0, longestJumpTicks);
  const since = workSinceJump(before.capacity, recent, utilisation, settings.jumpDeviations);
  const kept = 1 - settings.forgetting;
  const { requests, busySeconds } = since ?? {
    requests: kept * before.requests + now.requests,
    busySeconds: kept * before.busySeconds + now.busySeconds,
  };
  const enough = requests >= minRequests && busySeconds >= minBusySeconds;
  const capacity = enough ? requests / busySeconds : before.capacity;
  return { requests, busySeconds, capacity, recent: since === null ? recent : [now], changed: since !== null };
}

/** The work of the shortest run of last ticks that chance does not explain; null: chance explains all. */
function workSinceJump(
  capacity: number | null,
  recent: readonly Work[],
  utilisation: number,
  deviations: number,
): Work | null {
  if (capacity === null) return null;
  for (let ticks = 1; ticks <= recent.length; ticks += 1) {
    const stretch = recent.slice(0, ticks);
    const requests = sum(stretch.map((work) => work.requests));
    const busySeconds = sum(stretch.map((work) => work.busySeconds));
    if (requests < minJumpRequests) continue;
    const distance = Math.abs(Math.log(requests / busySeconds) - Math.log(capacity));
    const noise = Math.sqrt(demandVariation / requests + (utilisationNoise / utilisation) ** 2 / ticks);
    if (distance > deviations * noise) return { requests, busySeconds };
  }
  return null;
}
