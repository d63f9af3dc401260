import { Histogram } from '../../shared/math/histogram.ts';
import type { JtlSample } from './sample.ts';

/** Most codes that are counted separately; a file may have a million. */
const maxCodes = 40;
const otherCodes = 'other';

/** Figures of a group of requests. Times in ms, shares from 0 to 1; null without requests. */
export interface Figures {
  readonly requests: number;
  readonly failed: number;
  readonly failedShare: number | null;
  /** Times of answers and time-outs: other failures take no time. */
  readonly meanMs: number | null;
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  /** Requests answered in that time without an error, as a share of all. */
  readonly withinShare: number | null;
  /** Codes of failed requests, most frequent first. */
  readonly errors: readonly { readonly code: string; readonly count: number }[];
}

/** Counts requests in constant memory; percentiles are at most 0.8 % too high. */
export class Group {
  readonly #withinMs: number;
  readonly #times = new Histogram();
  readonly #errors = new Map<string, number>();
  #timesMs = 0;
  #requests = 0;
  #failed = 0;
  #within = 0;

  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  get requests(): number {
    return this.#requests;
  }

  /** `timeMs` is null only of a failure. */
  add({ isSuccess, isTimeout, code }: JtlSample, timeMs: number | null): void {
    this.#requests += 1;
    if (timeMs !== null && (isSuccess || isTimeout)) {
      this.#times.add(timeMs);
      this.#timesMs += timeMs;
    }
    if (isSuccess) {
      if (timeMs !== null && timeMs <= this.#withinMs) this.#within += 1;
      return;
    }
    this.#failed += 1;
    const key = this.#errors.has(code) || this.#errors.size < maxCodes ? code : otherCodes;
    this.#errors.set(key, (this.#errors.get(key) ?? 0) + 1);
  }

  figures(): Figures {
    const share = (part: number) => (this.#requests === 0 ? null : part / this.#requests);
    const errors = [...this.#errors].map(([code, count]) => ({ code, count }));
    return {
      requests: this.#requests,
      failed: this.#failed,
      failedShare: share(this.#failed),
      meanMs: this.#times.count === 0 ? null : this.#timesMs / this.#times.count,
      p50Ms: this.#times.percentileMs(0.5),
      p90Ms: this.#times.percentileMs(0.9),
      p95Ms: this.#times.percentileMs(0.95),
      p99Ms: this.#times.percentileMs(0.99),
      maxMs: this.#times.maxMs,
      withinShare: share(this.#within),
      errors: errors.sort((one, other) => other.count - one.count),
    };
  }
}
