import type { Utilisations } from '../../../shared/contract/observation.ts';
import type { Thresholds } from '../../../shared/contract/policy.ts';
import { type MetricName, metricNames } from '../../../shared/contract/snapshot.ts';

const smoothingGain = 0.5;

/** One more tick of smoothing. A metric that is unknown now stays unknown: an old value is not evidence. */
export function smoothUtilisation(before: Utilisations, now: Utilisations): Utilisations {
  const next: Record<MetricName, number | null> = { ...now };
  for (const metric of metricNames) {
    const value = now[metric];
    const old = before[metric];
    next[metric] = value === null || old === null ? value : old + smoothingGain * (value - old);
  }
  return next;
}

/** The metrics at or over their threshold (TCP queues: over it, as published). */
export function metricsOver(utilisation: Utilisations, thresholds: Thresholds): MetricName[] {
  return metricNames.filter((metric) => {
    const value = utilisation[metric];
    if (value === null) return false;
    return metric === 'tcpQueues' ? value > thresholds[metric] : value >= thresholds[metric];
  });
}

/** Whether every known metric is at least `margin` under its threshold. */
export function hasRecovered(utilisation: Utilisations, thresholds: Thresholds, margin: number): boolean {
  return metricNames.every((metric) => {
    const value = utilisation[metric];
    return value === null || isRecovered(metric, value, thresholds, margin);
  });
}

export function isRecovered(metric: MetricName, value: number, thresholds: Thresholds, margin: number): boolean {
  return value <= Math.max(0, thresholds[metric] - margin);
}

/** How far the worst known metric is towards, or over, its threshold: 1 is at it; 0 where none is known. */
export function worstExcess(utilisation: Utilisations, thresholds: Thresholds): number {
  const excesses = metricNames.flatMap((metric) => {
    const value = utilisation[metric];
    return value === null ? [] : [value / Math.max(thresholds[metric], 1e-9)];
  });
  return Math.max(0, ...excesses);
}
