import { type Random, seededRandom } from '../../shared/math/random.ts';

/**
 * Independent streams of random numbers, one for each purpose, so that every contender with the same seed gets the same
 * arrivals, demands and measurement noise (common random numbers).
 */
export interface Streams {
  readonly arrivals: Random;
  readonly demands: Random;
  /** Which HAProxy gets a request. */
  readonly entries: Random;
  readonly servers: readonly ServerStreams[];
  readonly haproxys: readonly HaproxyStreams[];
  /** Waits of requests without CPU. */
  readonly waits: Random;
  /** Which requests are slow. */
  readonly classes: Random;
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
  // the order matters: streams that depend on the number of HAProxys come last
  return {
    arrivals: next(),
    demands: next(),
    entries: next(),
    servers: Array.from({ length: servers }, () => ({ agent: next(), errors: next() })),
    haproxys: Array.from({ length: haproxys }, () => ({ dispatch: next(), checks: next() })),
    waits: next(),
    classes: next(),
  };
}
