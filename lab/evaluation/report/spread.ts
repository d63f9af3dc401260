import { mean, median } from '../../../shared/math/statistics.ts';

/** What several repetitions gave. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** Of the values that there are; null of none. */
export function spreadOf(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null);
  const middle = median(known);
  if (middle === null) return null;
  return { median: middle, min: Math.min(...known), max: Math.max(...known), count: known.length };
}

/** Of positive values; null of none. */
export function geometricMean(values: readonly number[]): number | null {
  const logarithm = mean(values.map(Math.log));
  return logarithm === null ? null : Math.exp(logarithm);
}
