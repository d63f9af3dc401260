import { mean, sum } from '../../../../shared/math/statistics.ts';

export interface Estimate {
  readonly log: number;
  /** Of the estimate, above 0. */
  readonly variance: number;
  /** How far it was found to have changed, halved at each measurement since. */
  readonly change: number;
}

/** From this squared distance on, in variances, one server counts as different by itself; from `surely` on fully. */
const perhaps = 6;
const surely = 12;
/** A change beyond chance is evidence enough, until later measurements speak for themselves. */
const recentChange = 0.05;

/**
 * Estimates drawn together where their differences are no more than what is not known of them: servers of which there is no
 * evidence of a difference are equal. An empirical Bayes estimate (after James and Stein, 1961), but with a
 * threshold instead of a slope: differences far above noise are kept whole.
 */
export function shrink(estimates: readonly Estimate[]): number[] {
  const precision = estimates.map(({ variance }) => 1 / variance);
  const total = sum(precision);
  const centre = sum(estimates.map(({ log, variance }) => log / variance)) / total;
  const squares = estimates.map(({ log, variance }) => {
    // of two, the distance from their mean varies less than either does
    const own = variance - 1 / total;
    return own > 1e-12 ? (log - centre) ** 2 / own : 0;
  });
  const chance = 1 + 2 * Math.sqrt(2 / Math.max(1, estimates.length - 1));
  const ofAll = between0And1(((mean(squares) ?? 0) - chance) / chance);
  return estimates.map(({ log, change }, index) => {
    if (Math.abs(change) > recentChange) return log;
    const ofItself = between0And1(((squares[index] ?? 0) - perhaps) / (surely - perhaps));
    return centre + Math.max(ofAll, ofItself) * (log - centre);
  });
}

function between0And1(value: number): number {
  return Math.min(1, Math.max(0, value));
}
