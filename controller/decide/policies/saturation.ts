import type { Utilisations } from '../../../shared/contract/observation.ts';
import type { Thresholds } from '../../../shared/contract/policy.ts';
import type { MetricName } from '../../../shared/contract/snapshot.ts';

/** Metrics that guard and do not steer: they do not follow the traffic, or only once it is too late. */
const guardingMetrics = ['ram', 'threads', 'tcpQueues'] as const;
/** TCP queues are graded from here on, well under their threshold: a queue that stands at all is a sign. */
const tcpQueuesKnee = 0.5;
/** Left at utilisation 1. */
const leftAtFull = 0.5;

/** The product of the cuts of RAM, threads and TCP queues, 0.125 to 1, and the metrics that cut. Unknown ones do not. */
export function saturationFactor(utilisation: Utilisations, thresholds: Thresholds) {
  const metrics: MetricName[] = [];
  let factor = 1;
  for (const metric of guardingMetrics) {
    const knee = metric === 'tcpQueues' ? Math.min(tcpQueuesKnee, thresholds.tcpQueues) : thresholds[metric];
    const value = utilisation[metric];
    if (value === null || value <= knee) continue;
    metrics.push(metric);
    factor *= 1 - ((1 - leftAtFull) * (Math.min(value, 1) - knee)) / (1 - knee);
  }
  return { factor, metrics };
}
