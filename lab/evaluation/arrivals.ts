import { seededRandom } from '../../shared/math/random.ts';
import { type Arrival, planArrivals as plan } from '../../testbed/rig/load/arrivals.ts';
import type { Bursts, Scenario } from './scenarios.ts';

export interface ArrivalPlan {
  readonly scenario: Pick<Scenario, 'durationMs' | 'load' | 'bursts' | 'slow'>;
  /** Of all servers together, in requests per second. */
  readonly capacity: number;
  /** Requests at the base load before the time that is counted, in ms: arrivals then have times below 0. */
  readonly leadInMs: number;
  /** CPU that a request needs, in ms: lognormal with this mean and, where none is slow, coefficient of variation 1. */
  readonly demandCpuMs: number;
  readonly seed: number;
}

const demandVariation = 1;

/** A Poisson process whose rate follows the scenario. The same plan gives the same requests to every contender. */
export function planArrivals({ scenario, capacity, leadInMs, demandCpuMs, seed }: ArrivalPlan): readonly Arrival[] {
  const highest = Math.max(scenario.load, ...(scenario.bursts?.peaks ?? []));
  const arrivals = plan({
    seed,
    fromMs: -leadInMs,
    toMs: scenario.durationMs,
    perSecond: highest * capacity,
    partAt: (atMs) => loadAt(scenario, atMs) / highest,
    meanDemandCpuMs: demandCpuMs,
    demandVariation,
  });
  return scenario.slow === undefined ? arrivals : withSlow(arrivals, scenario.slow, seed);
}

/** Of their own sequence of random numbers, so that the times are those of the plan without slow ones. */
function withSlow(
  arrivals: readonly Arrival[],
  { share, factor }: NonNullable<Scenario['slow']>,
  seed: number,
): readonly Arrival[] {
  const random = seededRandom(seed + 1);
  const mean = 1 + share * (factor - 1);
  return arrivals.map(({ atMs, demandCpuMs }) => {
    return { atMs, demandCpuMs: (demandCpuMs * (random() < share ? factor : 1)) / mean };
  });
}

/** Rate / capacity at a time. */
function loadAt({ load, bursts }: ArrivalPlan['scenario'], atMs: number): number {
  return bursts === undefined || atMs < 0 ? load : (peakAt(bursts, atMs) ?? load);
}

/** null: between two bursts. */
function peakAt({ everyMs, lengthMs, peaks }: Bursts, atMs: number): number | null {
  return atMs % everyMs < lengthMs ? (peaks[Math.floor(atMs / everyMs) % peaks.length] ?? null) : null;
}
