import { Histogram } from '../../../shared/math/histogram.ts';
import type { Outcome } from './connection.ts';

/** `200`, `503` and so on, `broken` (the connection ended) or `timeout`. */
export type FailureKind = string;

/** What became of the requests of a load. */
export class Tally {
  /** Of those that were answered 200, in ms. */
  readonly latencies = new Histogram();
  readonly failures = new Map<FailureKind, number>();
  /** Answers by header `x-server`. */
  readonly served = new Map<string, number>();
  requests = 0;

  get failed(): number {
    return [...this.failures.values()].reduce((sum, count) => sum + count, 0);
  }

  add(outcome: Outcome, latencyMs: number): void {
    this.requests += 1;
    const kind = failureOf(outcome);
    if (kind !== null) {
      count(this.failures, kind);
      return;
    }
    this.latencies.add(latencyMs);
    if (outcome.kind === 'answered' && outcome.response.server !== null) count(this.served, outcome.response.server);
  }

  addAll(other: Tally): void {
    this.requests += other.requests;
    this.latencies.addAll(other.latencies);
    for (const [kind, many] of other.failures) count(this.failures, kind, many);
    for (const [server, many] of other.served) count(this.served, server, many);
  }
}

/** null: it was answered 200. */
export function failureOf(outcome: Outcome): FailureKind | null {
  if (outcome.kind !== 'answered') return outcome.kind;
  return outcome.response.status === 200 ? null : String(outcome.response.status);
}

function count<Key>(counts: Map<Key, number>, key: Key, many = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + many);
}
