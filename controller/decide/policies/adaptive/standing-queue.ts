import { sum } from '../../../../shared/math/statistics.ts';
import { stretch } from './queueing.ts';

export interface QueueSubject {
  /** Requests that the server is working on now, and a tick ago. */
  readonly inFlight: number;
  readonly inFlightBefore: number;
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
/** A queue of less work must have been there a tick ago too: after a pause it is gone within a tick by itself. */
const longSeconds = 1;
/** Queues up to this many times their mean are chance: a longer one is seen at one of fifty ticks. */
const chance = 4;

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
    const secondsOver = (inFlight: number) => Math.max(0, inFlight - Math.max(fairInFlight, byChance)) / each.capacity;
    const [now, before] = [secondsOver(each.inFlight), secondsOver(each.inFlightBefore)];
    const factor = (utilisation - (now > longSeconds ? now : Math.min(now, before)) / drainSeconds) / utilisation;
    return { factor: Math.max(least, factor), fairInFlight };
  });
}
