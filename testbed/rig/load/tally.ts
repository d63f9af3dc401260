import { Histogram } from '../../../shared/math/histogram.ts';
import { sum } from '../../../shared/math/statistics.ts';
import type { Outcome } from './outcome.ts';

/** What became of the requests of a load, in memory that does not grow with their number. */
export class Tally {
  /** Of those that were answered 200, in ms from the time that they were to be sent. */
  readonly latencies = new Histogram();
  /** By the status of the answer, such as `503`, or the failure where there was none. */
  readonly failures = new Map<string, number>();
  /** Answers of 200 by header `x-server`. */
  readonly served = new Map<string, number>();
  requests = 0;
  /** How late a request was sent at most, in ms: a sign of a machine that is too busy. */
  maxLagMs = 0;

  get failed(): number {
    return sum([...this.failures.values()]);
  }

  add({ atMs, lagMs, endedAtMs, server, status, failure }: Outcome): void {
    this.requests += 1;
    this.maxLagMs = Math.max(this.maxLagMs, lagMs);
    if (failure !== null) {
      count(this.failures, failure === 'status' ? String(status) : failure);
      return;
    }
    this.latencies.add(endedAtMs - atMs);
    if (server !== null) count(this.served, server);
  }

  addAll(other: Tally): void {
    this.requests += other.requests;
    this.maxLagMs = Math.max(this.maxLagMs, other.maxLagMs);
    this.latencies.addAll(other.latencies);
    for (const [kind, many] of other.failures) count(this.failures, kind, many);
    for (const [server, many] of other.served) count(this.served, server, many);
  }
}

function count(counts: Map<string, number>, key: string, many = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + many);
}
