import { sum } from '../../../../shared/math/statistics.ts';
import { stretch } from './queueing.ts';

export interface QueueSubject {
  /** Requests that the server is working on now. */
  readonly inFlight: number;
  /** Successful requests per second at utilisation 1, above 0. */
  readonly capacity: number;
  readonly cores: number;
}

export interface StandingQueue {
  readonly factor: number;
  /** Requests in flight that would be its part. */
  readonly fairInFlight: number;
}

/** Least factor: a queue is drained gradually. */
const least = 0.4;
/** Seconds in which a queue is to be gone: two ticks. Faster overshoots, as the queue is seen again only a tick later. */
const drainSeconds = 4;
/** The utilisation within which a queue is taken for what chance makes of it. */
const usual = { least: 0.2, most: 0.85 };
/** Queues up to this many times their mean are chance. */
const chance = 2;

/**
 * Under roundrobin a queue stays on its server, since requests are handed out by weight alone. What is over the server's part of
 * all requests in flight, and over what chance makes of a queue, is drained in some seconds by so much less work.
 */
export function standingQueues(subjects: readonly QueueSubject[], successesPerSecond: number): StandingQueue[] {
  const capacity = sum(subjects.map((each) => each.capacity));
  const meanSeconds = sum(subjects.map(({ inFlight }) => inFlight)) / capacity;
  const utilisation = Math.min(usual.most, Math.max(usual.least, successesPerSecond / capacity));
  return subjects.map((each) => {
    const fairInFlight = meanSeconds * each.capacity;
    const byChance = chance * utilisation * each.cores * stretch(utilisation, each.cores);
    const excess = Math.max(0, each.inFlight - Math.max(fairInFlight, byChance));
    const factor = (utilisation - excess / each.capacity / drainSeconds) / utilisation;
    return { factor: Math.max(least, factor), fairInFlight };
  });
}
