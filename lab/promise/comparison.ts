import { median } from '../../shared/math/statistics.ts';
import type { Tally } from '../../testbed/rig/load/tally.ts';

/** The same load twice, one right after the other: with weights that change, and without. */
export interface Pair {
  readonly changing: Tally;
  readonly still: Tally;
}

/** Of latencies in ms: the medians over the pairs, and how the pairs differ. */
export interface Difference {
  readonly changingMs: number;
  readonly stillMs: number;
  /** Median of changing - still over the pairs, and its 95 % interval or better; null: too few pairs for one. */
  readonly differenceMs: number;
  readonly intervalMs: readonly [number, number] | null;
}

/** How sure the interval is to hold the true median of the differences, at least. */
const confidence = 0.95;

/**
 * Pairs and not sums, because a shared machine gets slower and faster; and the sign test's interval, because it asks
 * nothing of the differences but that they are as likely above their median as below.
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

/** The narrowest [k-th smallest, k-th largest] that holds the median with the confidence; null where none does. */
export function medianInterval(values: readonly number[]): readonly [number, number] | null {
  const sorted = values.toSorted((a, b) => a - b);
  let outside = 0;
  let interval: readonly [number, number] | null = null;
  for (let k = 0; k < sorted.length / 2; k += 1) {
    // of n draws at most k below the median, or at most k above it
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
