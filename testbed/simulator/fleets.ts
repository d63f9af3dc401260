import type { ExperimentInput } from './schema.ts';

export type FleetInput = ExperimentInput['fleet'];

function serversOf(sizes: readonly Omit<FleetInput[number], 'name'>[]): FleetInput {
  return sizes.map((size, index) => ({ name: `s${index + 1}`, ...size }));
}

/** Fleets for comparisons. A core of speed 1 does one core-second of work per second. */
export const fleets = {
  /** 13 cores in five sizes of server: 130 requests of 100 ms per second. */
  het: serversOf([1, 2, 2, 4, 4].map((cores) => ({ cores }))),
  /** Five servers of two cores with slightly different speeds. */
  mild: serversOf([0.8, 0.9, 1, 1.1, 1.2].map((speed) => ({ cores: 2, speed }))),
  /** Five equal servers. */
  hom: serversOf([1, 2, 3, 4, 5].map(() => ({ cores: 2 }))),
  /** The same as `het`, with configured weights that say so. */
  tuned: serversOf([1, 2, 2, 4, 4].map((cores) => ({ cores, configuredWeight: 25 * cores }))),
  /** A small server and a large one. */
  pair: serversOf([1, 8].map((cores) => ({ cores }))),
  /** Two servers of four cores and one of eight, with configured weights that say so. */
  large: serversOf([4, 4, 8].map((cores) => ({ cores, configuredWeight: 25 * cores }))),
  /** An application of one thread on machines of one and four cores. */
  single: serversOf([1, 1, 4, 4, 4].map((cores) => ({ cores, usableCores: 1 }))),
  /** As much work as `het` does, by servers that run one request after the other, as Node.js and Python do. */
  serial: serversOf(
    [1, 2, 2, 4, 4].map((speed) => ({ cores: 1, speed, discipline: 'fifo' as const, workers: 1, asyncIo: true })),
  ),
  /** Five equal servers whose requests wait for a disk before they work; each has 50 threads. */
  disk: serversOf([1, 2, 3, 4, 5].map(() => ({ cores: 2, threads: 50, ioMs: 20 }))),
  /** Twenty servers of 1, 2, 4 and 8 cores and three speeds. */
  twenty: serversOf(
    [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 8, 8, 4].map((cores, index) => {
      return { cores, speed: [0.9, 1, 1.1][index % 3] ?? 1 };
    }),
  ),
  /** Twenty servers of two cores, every fifth half as fast. */
  halves: serversOf(Array.from({ length: 20 }, (_, index) => ({ cores: 2, speed: index % 5 === 0 ? 0.5 : 1 }))),
  /** Twenty times `het`. */
  hundred: serversOf(
    Array.from({ length: 20 }, () => [1, 2, 2, 4, 4])
      .flat()
      .map((cores) => ({ cores })),
  ),
} as const satisfies Record<string, FleetInput>;

export type FleetName = keyof typeof fleets;
export const fleetNames = Object.keys(fleets) as FleetName[];
