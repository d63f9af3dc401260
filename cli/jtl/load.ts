import { Histogram } from '../../shared/math/histogram.ts';
import type { JtlSample } from './sample.ts';

/** Gaps are measured between the first requests only, up to this number: they are sorted in memory. */
const maxSent = 1_000_000;

/** The load that was sent. In an open loop it does not depend on the servers. */
export interface LoadFigures {
  /** From the first to the last request that was sent. */
  readonly seconds: number;
  readonly perSecond: number | null;
  /** Standard deviation of the gaps between requests, / their mean: 1 for a Poisson process, 0 for a constant rate; null of whole seconds. */
  readonly gapVariation: number | null;
  /** The longest time without a request, in seconds: after an appended run it is most of the file's. */
  readonly longestGapSeconds: number | null;
  /** How late requests were sent; null if the file does not say when they were due. */
  readonly late: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number } | null;
}

export class LoadMeter {
  readonly #sent: number[] = [];
  readonly #late = new Histogram();
  #firstMs = Number.POSITIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  #count = 0;

  add({ sentAtMs, dueAtMs }: JtlSample): void {
    if (sentAtMs === null) return;
    this.#count += 1;
    if (this.#sent.length < maxSent) this.#sent.push(sentAtMs);
    this.#firstMs = Math.min(this.#firstMs, sentAtMs);
    this.#lastMs = Math.max(this.#lastMs, sentAtMs);
    if (dueAtMs !== null) this.#late.add(sentAtMs - dueAtMs);
  }

  figures(): LoadFigures {
    const seconds = this.#count === 0 ? 0 : (this.#lastMs - this.#firstMs) / 1_000;
    const [p50Ms, p99Ms, maxMs] = [this.#late.percentileMs(0.5), this.#late.percentileMs(0.99), this.#late.maxMs];
    const sorted = Float64Array.from(this.#sent).sort();
    return {
      seconds,
      perSecond: seconds > 0 ? (this.#count - 1) / seconds : null,
      gapVariation: variation(sorted),
      longestGapSeconds: longestGap(sorted),
      late: p50Ms === null || p99Ms === null || maxMs === null ? null : { p50Ms, p99Ms, maxMs },
    };
  }
}

/** Of sorted times. */
function variation(sorted: Float64Array): number | null {
  const gaps = sorted.length - 1;
  const mean = ((sorted.at(-1) ?? 0) - (sorted[0] ?? 0)) / gaps;
  if (gaps < 2 || mean === 0 || sorted.every((at) => at % 1_000 === 0)) return null;
  const squares = sorted.subarray(1).reduce((sum, at, index) => sum + (at - (sorted[index] ?? 0) - mean) ** 2, 0);
  return Math.sqrt(squares / gaps) / mean;
}

/** In seconds, of sorted times in ms. */
function longestGap(sorted: Float64Array): number | null {
  if (sorted.length < 2) return null;
  return sorted.subarray(1).reduce((most, at, index) => Math.max(most, at - (sorted[index] ?? 0)), 0) / 1_000;
}
