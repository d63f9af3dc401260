import type { Utilisations } from '../../../shared/contract/observation.ts';
import { type MetricName, metricNames } from '../../../shared/contract/snapshot.ts';
import { medianWithout } from '../../../shared/math/statistics.ts';

/** For each of these servers, the median of every metric over all the others; null of a metric that is known of none of them. */
export function mediansOfOthers(all: readonly Utilisations[]): (own: Utilisations) => Utilisations {
  const medians = new Map(
    metricNames.map((metric) => [metric, medianWithout(all.flatMap((some) => some[metric] ?? []))]),
  );
  return (own) => {
    return each((metric) => {
      const value = own[metric];
      return value === null ? null : (medians.get(metric)?.(value) ?? null);
    });
  };
}

/** Of every metric the highest that is known. */
export function highest(all: readonly Utilisations[]): Utilisations {
  return each((metric) => {
    const known = all.flatMap((some) => some[metric] ?? []);
    return known.length === 0 ? null : Math.max(...known);
  });
}

function each(of: (metric: MetricName) => number | null): Utilisations {
  return {
    cpu: of('cpu'),
    ram: of('ram'),
    bandwidth: of('bandwidth'),
    threads: of('threads'),
    tcpQueues: of('tcpQueues'),
  };
}
