import type { Reason } from '../../../shared/contract/decision.ts';
import type { Utilisations } from '../../../shared/contract/observation.ts';
import type { Thresholds } from '../../../shared/contract/policy.ts';
import { metricNames } from '../../../shared/contract/snapshot.ts';
import { cutFactor, kneeOf } from '../policies/saturation.ts';

/** Weight left at utilisation 1. A smaller part would make a metric that stands, such as threads of a pool, starve its server. */
const leftAtFull = 0.5;

/**
 * The gradual cut: the factor of cpu times the lowest of the other metrics' factors. Only what is above the median of the other
 * servers' cuts: what all have in common is no reason to send less to one. Reasons name the metrics that cut. Unknown metrics
 * do not cut.
 */
export function gradeFactor(
  utilisation: Utilisations,
  others: Utilisations,
  thresholds: Thresholds,
): { factor: number; reasons: Reason[] } {
  const reasons: Reason[] = [];
  let cpuFactor = 1;
  let worstOther: Extract<Reason, { code: 'graded' }> | null = null;
  for (const metric of metricNames) {
    const value = utilisation[metric];
    if (value === null) continue;
    const knee = kneeOf(metric, thresholds);
    const factor = Math.min(1, cutFactor(value, knee, leftAtFull) / cutFactor(others[metric] ?? 0, knee, leftAtFull));
    if (factor === 1) continue;
    const reason = { code: 'graded', metric, utilisation: value, factor } as const;
    if (metric === 'cpu') {
      cpuFactor = factor;
      reasons.push(reason);
    } else if (worstOther === null || factor < worstOther.factor) {
      worstOther = reason;
    }
  }
  if (worstOther !== null) reasons.push(worstOther);
  return { factor: cpuFactor * (worstOther?.factor ?? 1), reasons };
}
