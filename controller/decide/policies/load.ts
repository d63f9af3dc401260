import type { Reason } from '../../../shared/contract/decision.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import type { LoadFactors } from '../../../shared/contract/policy.ts';
import { sum } from '../../../shared/math/statistics.ts';

const loadMetrics = ['cpu', 'ram', 'bandwidth', 'threads'] as const;

/**
 * Below this a load counts as this: the inverse must stay finite, and differences between idle servers are noise (a CPU
 * clock of 100 Hz alone makes 0.5 % of a core over a window of 2 s).
 */
const minLoad = 0.05;

/** One server's load, and its distance from the mean of the servers with fresh snapshots. */
export interface RelativeLoad {
  /** Lr by equation (1), 0 to 1. */
  readonly load: number;
  /** Lavg by equation (2), 0 to 1. */
  readonly average: number;
  /** |Lavg - Lr| / Lavg by equation (3), 0 or more. */
  readonly delta: number;
  readonly reasons: readonly Reason[];
}

/**
 * Equations (1) to (3) of Adewojo & Bass, CLOSER 2022, for every server with a fresh snapshot.
 * A server whose load is not known is not in the map, and not in the mean.
 */
export function relativeLoads(
  observations: readonly Observation[],
  factors: LoadFactors,
): ReadonlyMap<string, RelativeLoad> {
  const known = observations.flatMap((observation) => {
    const load = loadOf(observation, factors);
    return load === null ? [] : [{ server: observation.server, ...load }];
  });
  const average = sum(known.map(({ load }) => load)) / known.length;
  return new Map(
    known.map(({ server, load, measured, missing }) => {
      const delta = Math.abs(average - load) / average;
      const reasons: Reason[] = [{ code: 'load', load, average, delta, ...(measured < load ? { measured } : {}) }];
      if (missing.length > 0) reasons.push({ code: 'load-without', metrics: missing });
      return [server, { load, average, delta, reasons }];
    }),
  );
}

/**
 * Equation (1): the weighted sum of the utilisations. Where one is unknown the factors of the others are scaled up to
 * sum to 1: leaving it out at its factor would read it as 0. Without cpu there is no verdict: what is left does not
 * follow the traffic.
 */
function loadOf(observation: Observation, factors: LoadFactors) {
  if (observation.agent.state === 'stale') return null;
  const { utilisation } = observation.agent;
  if (utilisation.cpu === null && factors.cpu > 0) return null;
  let sum = 0;
  let factorSum = 0;
  for (const metric of loadMetrics) {
    const value = utilisation[metric];
    if (value === null) continue;
    sum += factors[metric] * value;
    factorSum += factors[metric];
  }
  if (factorSum === 0) return null;
  const missing = loadMetrics.filter((metric) => utilisation[metric] === null && factors[metric] > 0);
  const measured = sum / factorSum;
  return { load: Math.max(measured, minLoad), measured, missing };
}
