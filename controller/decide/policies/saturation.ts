import type { Utilisations } from '../../../shared/contract/observation.ts';
import type { Thresholds } from '../../../shared/contract/policy.ts';
import type { MetricName } from '../../../shared/contract/snapshot.ts';

/** Metrics that guard and do not steer: they do not follow the traffic, or only once it is too late. */
const guardingMetrics = ['ram', 'threads', 'tcpQueues'] as const;
/** TCP queues cut from here on, well under their threshold: a queue that stands at all is a sign. */
const tcpQueuesKnee = 0.5;
/** Weight left at utilisation 1. */
const leftAtFull = 0.5;

/** The utilisation from which a metric cuts the weight, 0 to 1: its threshold, for TCP queues at most 0.5. */
export function kneeOf(metric: MetricName, thresholds: Thresholds): number {
  return metric === 'tcpQueues' ? Math.min(tcpQueuesKnee, thresholds.tcpQueues) : thresholds[metric];
}

/** 1 up to the knee, then a straight line down to `left` at 1. */
export function cutFactor(utilisation: number, knee: number, left: number): number {
  if (utilisation <= knee) return 1;
  return 1 - ((1 - left) * (Math.min(utilisation, 1) - knee)) / (1 - knee);
}

/** The product of the cuts of RAM, threads and TCP queues, 0.125 to 1, and the metrics that cut. Unknown ones do not. */
export function saturationFactor(utilisation: Utilisations, thresholds: Thresholds) {
  const metrics: MetricName[] = [];
  let factor = 1;
  for (const metric of guardingMetrics) {
    const knee = kneeOf(metric, thresholds);
    const value = utilisation[metric];
    if (value === null || value <= knee) continue;
    metrics.push(metric);
    factor *= cutFactor(value, knee, leftAtFull);
  }
  return { factor, metrics };
}
