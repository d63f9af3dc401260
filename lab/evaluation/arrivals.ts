import { type Arrival, planArrivals as plan } from '../../testbed/rig/load/arrivals.ts';
import type { Bursts, Scenario } from './scenarios.ts';

export interface ArrivalPlan {
  readonly scenario: Pick<Scenario, 'durationMs' | 'load' | 'bursts'>;
  /** Of all servers together, in requests per second. */
  readonly capacity: number;
  /** Requests at the base load before the time that is counted, in ms: arrivals then have times below 0. */
  readonly leadInMs: number;
  /** CPU that a request needs, in ms: lognormal with this mean and coefficient of variation 1. */
  readonly demandCpuMs: number;
  readonly seed: number;
}

const demandVariation = 1;

/** A Poisson process whose rate follows the scenario. The same plan gives the same requests to every contender. */
export function planArrivals({ scenario, capacity, leadInMs, demandCpuMs, seed }: ArrivalPlan): readonly Arrival[] {
  const highest = Math.max(scenario.load, ...(scenario.bursts?.peaks ?? []));
  return plan({
    seed,
    fromMs: -leadInMs,
    toMs: scenario.durationMs,
    perSecond: highest * capacity,
    partAt: (atMs) => loadAt(scenario, atMs) / highest,
    meanDemandCpuMs: demandCpuMs,
    demandVariation,
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
