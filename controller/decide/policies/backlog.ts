import { sum } from '../../../shared/math/statistics.ts';

export interface BacklogSubject {
  /** Requests that the server is working on now. */
  readonly inFlight: number;
  /** Successful requests per second at utilisation 1, above 0. */
  readonly capacity: number;
}

/** Least and largest factor: a backlog is drained by degrees, and nobody is flooded for having none. */
const least = 0.4;
const largest = 1.15;
/** Below this utilisation of the pool a backlog of a few requests would turn into a large factor. */
const minUtilisation = 0.2;

/**
 * Under roundrobin a backlog stays where it arose, since requests are dealt out by weight alone. A server whose requests
 * in flight stand for more seconds of its work than the pool's do gets as much less as drains the difference within
 * `drainSeconds`. Factors in the order of the subjects, each with the in-flight requests that would be its part.
 */
export function backlogFactors(
  subjects: readonly BacklogSubject[],
  successesPerSecond: number,
  drainSeconds: number,
): { factor: number; fairInFlight: number }[] {
  const capacity = sum(subjects.map((each) => each.capacity));
  const meanSeconds = sum(subjects.map(({ inFlight }) => inFlight)) / capacity;
  const utilisation = Math.min(1, Math.max(minUtilisation, successesPerSecond / capacity));
  return subjects.map((each) => {
    const excessSeconds = each.inFlight / each.capacity - meanSeconds;
    const factor = (utilisation - excessSeconds / drainSeconds) / utilisation;
    return { factor: Math.min(largest, Math.max(least, factor)), fairInFlight: meanSeconds * each.capacity };
  });
}
