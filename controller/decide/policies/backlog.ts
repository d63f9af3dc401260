import { sum } from '../../../shared/math/statistics.ts';

export interface BacklogSubject {
  /** Requests that the server is working on now. */
  readonly inFlight: number;
  /** Successful requests per second at utilisation 1, above 0. */
  readonly capacity: number;
}

export interface Backlog {
  readonly factor: number;
  readonly fairInFlight: number;
}

/** Least and largest factor: a backlog is drained gradually, and a server without one is not flooded. */
const least = 0.4;
const largest = 1.15;
/** Below this utilisation of the pool a backlog of a few requests would turn into a large factor. */
const minUtilisation = 0.2;

/**
 * Under roundrobin a backlog stays on its server, since requests are handed out by weight alone. Where the requests in flight
 * are more seconds of work for a server than for the pool, the server gets less: as much as drains the difference within
 * `drainSeconds`. Adds to every subject its factor, and the requests in flight that would be its part.
 */
export function withBacklogFactors<Subject extends BacklogSubject>(
  subjects: readonly Subject[],
  successesPerSecond: number,
  drainSeconds: number,
): (Subject & Backlog)[] {
  const capacity = sum(subjects.map((each) => each.capacity));
  const meanSeconds = sum(subjects.map(({ inFlight }) => inFlight)) / capacity;
  const utilisation = Math.min(1, Math.max(minUtilisation, successesPerSecond / capacity));
  return subjects.map((each) => {
    const excessSeconds = each.inFlight / each.capacity - meanSeconds;
    const factor = (utilisation - excessSeconds / drainSeconds) / utilisation;
    return { ...each, factor: Math.min(largest, Math.max(least, factor)), fairInFlight: meanSeconds * each.capacity };
  });
}
