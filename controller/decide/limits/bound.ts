import type { Observation } from '../../../shared/contract/observation.ts';
import type { LimitReading } from '../../../shared/contract/server-limit.ts';
import { sum } from '../../../shared/math/statistics.ts';
import type { Orders } from '../orders.ts';

/** What a server may have of its fair part of the requests in flight, at least. */
const leastTimes = 1.1;
/** Without any one server, the others may have this part of all that is in flight: room for chance, and for whole numbers. */
const roomWithoutOne = 1.05;
/** From this `fullconn` on a limit of the same size is taken for one that should scale with the load. */
const leastFullconn = 1_000;
/** No limit is below this part of `fullconn`: one as low as `minconn` would no longer scale. */
const leastPart = 0.01;

/**
 * Whether HAProxy's configuration makes the server's limit scale with the load: `maxconn` is as large as `fullconn`, and `minconn`
 * is given, which HAProxy does not show. The limit is then that part of what is in flight which `maxconn` is of `fullconn`.
 */
export function scales({ configured, fullconn }: Pick<LimitReading, 'configured' | 'fullconn'>): boolean {
  return fullconn !== null && fullconn >= leastFullconn && configured === fullconn;
}

/** A server's part of all that is in flight, by weight, 0 to 1. Other servers that take requests count with theirs. Pure. */
export function fairParts(observations: readonly Observation[], orders: Orders): ReadonlyMap<string, number> {
  const weights = observations.map(({ server, takesRequests, currentWeight, fast }): [string, number] => {
    const order = orders.get(server);
    return [server, order === undefined ? (takesRequests ? currentWeight : 0) : order.full * fast.ramp];
  });
  const all = sum(weights.map(([, weight]) => weight));
  return new Map(weights.map(([server, weight]) => [server, all === 0 ? 1 : weight / all]));
}

/**
 * What each server may have, as a multiple of its fair part. The others have room for what the largest one gets: a server that is
 * dead, or fails at once, has nothing in flight, and must not be the only one with room. Pure.
 */
export function timesFairPart(parts: Iterable<number>): number {
  const largest = Math.max(0, ...parts);
  return largest < 1 ? Math.max(leastTimes, roomWithoutOne / (1 - largest)) : Number.POSITIVE_INFINITY;
}

/** The `maxconn` that lets a server have so many times its part of what is in flight: at most `fullconn`, which is all. */
export function boundFor(part: number, times: number, fullconn: number): number {
  return Math.round(Math.min(fullconn, Math.max(Math.ceil(leastPart * fullconn), fullconn * times * part)));
}
