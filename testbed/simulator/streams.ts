import { type Random, seededRandom } from '../../shared/math/random.ts';

/**
 * Independent streams of random numbers, one a purpose, so that every contender with the same seed meets the same
 * arrivals, demands and measurement noise, whatever it does with them (common random numbers).
 */
export interface Streams {
  readonly arrivals: Random;
  readonly demands: Random;
  /** Which HAProxy a request comes in at. */
  readonly entries: Random;
  readonly servers: readonly ServerStreams[];
  readonly haproxys: readonly HaproxyStreams[];
}

export interface ServerStreams {
  /** Measurement noise, and when the agent's clock ticks. */
  readonly agent: Random;
  /** Which requests a faulty server fails. */
  readonly errors: Random;
}

export interface HaproxyStreams {
  readonly dispatch: Random;
  /** When health checks fall due. */
  readonly checks: Random;
}

export function streamsOf(seed: number, servers: number, haproxys: number): Streams {
  const seeds = seededRandom(seed);
  const next = () => seededRandom(Math.floor(seeds() * 2 ** 32));
  // in this order: what depends on the number of HAProxys comes last
  return {
    arrivals: next(),
    demands: next(),
    entries: next(),
    servers: Array.from({ length: servers }, () => ({ agent: next(), errors: next() })),
    haproxys: Array.from({ length: haproxys }, () => ({ dispatch: next(), checks: next() })),
  };
}
