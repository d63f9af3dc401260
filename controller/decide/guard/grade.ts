import type { Reason } from '../../../shared/contract/decision.ts';
import type { Utilisations } from '../../../shared/contract/observation.ts';
import type { Thresholds } from '../../../shared/contract/policy.ts';
import { type MetricName, metricNames } from '../../../shared/contract/snapshot.ts';
import { cutFactor, kneeOf } from '../policies/saturation.ts';

/** Weight left at utilisation 1. cpu falls only to a half, which keeps the loop's gain low: it follows the weight. */
const leftAtFull: Readonly<Record<MetricName, number>> = {
  cpu: 0.5,
  ram: 0.05,
  bandwidth: 0.05,
  threads: 0.05,
  tcpQueues: 0.05,
};

/**
 * The gradual cut: the factor of cpu times the lowest of the other metrics' factors. Reasons name the metrics that cut. Unknown
 * metrics do not cut.
 */
export function gradeFactor(utilisation: Utilisations, thresholds: Thresholds): { factor: number; reasons: Reason[] } {
  const reasons: Reason[] = [];
  let cpuFactor = 1;
  let worstOther: Extract<Reason, { code: 'graded' }> | null = null;
  for (const metric of metricNames) {
    const value = utilisation[metric];
    if (value === null) continue;
    const factor = cutFactor(value, kneeOf(metric, thresholds), leftAtFull[metric]);
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
