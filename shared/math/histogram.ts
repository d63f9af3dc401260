import { createHistogram } from 'node:perf_hooks';

/**
 * Durations in Node's HdrHistogram (Gil Tene, public domain), in 47 KiB however many they are. With two figures a value is
 * off by less than 0.8 %.
 */
export class Histogram {
  /** In us, counted from 1: an HdrHistogram has no 0. */
  readonly #values = createHistogram({ figures: 2 });
  #maxUs = 0;

  get count(): number {
    return this.#values.count;
  }

  /** Rounded to whole microseconds; negative ones count as 0. */
  add(ms: number): void {
    const us = Math.max(0, Math.round(ms * 1_000));
    this.#values.record(us + 1);
    this.#maxUs = Math.max(this.#maxUs, us);
  }

  addAll(other: Histogram): void {
    this.#values.add(other.#values);
    this.#maxUs = Math.max(this.#maxUs, other.#maxUs);
  }

  /** The nearest-rank percentile in ms, at most 0.8 % above the true one; null of none. */
  percentileMs(fraction: number): number | null {
    if (this.count === 0) return null;
    // HdrHistogram takes the rank that is nearest to its percentile; this percentile has exactly the rank
    const rank = Math.max(1, Math.ceil(this.count * fraction));
    const us = this.#values.percentile((rank / this.count) * 100) - 1;
    return Math.min(us, this.#maxUs) / 1_000;
  }

  /** The largest, in ms; null of none. */
  get maxMs(): number | null {
    return this.count === 0 ? null : this.#maxUs / 1_000;
  }
}
