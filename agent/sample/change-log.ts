import { type Metric, type MetricName, type Metrics, metricNames } from '../../shared/contract/snapshot.ts';
import type { Log } from '../../shared/process/log.ts';

/** Logs a metric once when it becomes unavailable (or for another reason) and once when it is back; else nothing. */
export class ChangeLog {
  readonly #log: Pick<Log, 'info' | 'warn'>;
  #reasons: ReadonlyMap<MetricName, string> = new Map();

  constructor(log: Pick<Log, 'info' | 'warn'>) {
    this.#log = log;
  }

  observe(metrics: Metrics): void {
    const reasons = new Map<MetricName, string>();
    for (const name of metricNames) {
      const metric: Metric<MetricName> = metrics[name];
      const before = this.#reasons.get(name);
      if (metric.status === 'ok') {
        if (before !== undefined) this.#log.info('metric available again', { metric: name });
      } else if (metric.reason === 'warming-up') {
        // Says nothing new: neither failed nor recovered.
        if (before !== undefined) reasons.set(name, before);
      } else {
        reasons.set(name, metric.reason);
        const { reason, detail } = metric;
        if (before !== reason) this.#log.warn('metric unavailable', { metric: name, reason, detail });
      }
    }
    this.#reasons = reasons;
  }
}
