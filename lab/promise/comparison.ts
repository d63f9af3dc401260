import { median } from '../../shared/math/statistics.ts';
import type { Tally } from '../../testbed/rig/load/tally.ts';

/** The same load twice, one right after the other: with weights that change, and without. */
export interface Pair {
  readonly changing: Tally;
  readonly still: Tally;
}

/** Latencies in ms: the medians over the pairs, and how the pairs differ. */
export interface Difference {
  readonly changingMs: number;
  readonly stillMs: number;
  /** Median over the pairs of (changing - still), and an interval of at least 95 %; null: too few pairs. */
  readonly differenceMs: number;
  readonly intervalMs: readonly [number, number] | null;
}

/** Least confidence that the interval holds the true median of the differences. */
const confidence = 0.95;

/**
 * Pairs and not sums, because a shared machine gets slower and faster. The sign test's interval, because it assumes
 * only that the differences are as likely above their median as below it.
 */
export function compare(pairs: readonly Pair[], fraction: number): Difference {
  const of = (tally: Tally) => tally.latencies.percentileMs(fraction) ?? Number.NaN;
  const differences = pairs.map(({ changing, still }) => of(changing) - of(still));
  return {
    changingMs: median(pairs.map(({ changing }) => of(changing))) ?? Number.NaN,
    stillMs: median(pairs.map(({ still }) => of(still))) ?? Number.NaN,
    differenceMs: median(differences) ?? Number.NaN,
    intervalMs: medianInterval(differences),
  };
}

/** The narrowest [k-th smallest, k-th largest] that holds the median with this confidence; null if none does. */
export function medianInterval(values: readonly number[]): readonly [number, number] | null {
  const sorted = values.toSorted((a, b) => a - b);
  let outside = 0;
  let interval: readonly [number, number] | null = null;
  for (let k = 0; k < sorted.length / 2; k += 1) {
    // probability that at most k of n draws are below the median, or at most k above it
    outside += 2 * binomial(sorted.length, k) * 0.5 ** sorted.length;
    if (outside > 1 - confidence) break;
    const [low, high] = [sorted[k], sorted[sorted.length - 1 - k]];
    if (low !== undefined && high !== undefined) interval = [low, high];
  }
  return interval;
}

function binomial(n: number, k: number): number {
  let ways = 1;
  for (let index = 0; index < k; index += 1) ways = (ways * (n - index)) / (index + 1);
  return ways;
}
