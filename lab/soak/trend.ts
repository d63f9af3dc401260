import { median } from '../../shared/math/statistics.ts';

/** A value at a time. The slope is per unit of `at`. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

/** Growth of the values per unit of time. */
export interface Trend {
  readonly slope: number;
  /** The 95 % interval of the slope. */
  readonly low: number;
  readonly high: number;
}

/** Fewer say nothing about a trend. */
export const leastPoints = 6;
/** 95 % of the standard normal distribution are within plus or minus this. */
const z = 1.96;

/**
 * The Theil-Sen estimator, the median of the slopes of all pairs, with the interval of Sen 1968 ("Estimates of the
 * regression coefficient based on Kendall's tau"). Up to 29 % of the points may be outliers: one cycle in which the
 * machine was busy with other work neither looks like a leak nor hides one. null with fewer than `leastPoints`.
 */
export function trendOf(points: readonly Point[]): Trend | null {
  const slopes: number[] = [];
  for (const [index, a] of points.entries()) {
    for (const b of points.slice(index + 1)) {
      if (a.at !== b.at) slopes.push((b.value - a.value) / (b.at - a.at));
    }
  }
  slopes.sort((a, b) => a - b);
  const slope = median(slopes);
  const n = points.length;
  if (n < leastPoints || slope === null) return null;
  // how far Kendall's statistic may be from the middle by chance, in pairs
  const spread = z * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const at = (rank: number) => slopes[Math.min(slopes.length - 1, Math.max(0, rank))] ?? slope;
  const low = at(Math.floor((slopes.length - spread) / 2));
  const high = at(Math.ceil((slopes.length + spread) / 2));
  return { slope, low, high };
}

/** `flat`: at most the bound; `grows`: significantly more; `unclear`: more, but perhaps by chance. */
export function judge(trend: Trend, bound: number): 'flat' | 'grows' | 'unclear' {
  if (trend.slope <= bound) return 'flat';
  return trend.low > bound ? 'grows' : 'unclear';
}
