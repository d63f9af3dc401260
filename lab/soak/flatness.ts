import { median } from '../../shared/math/statistics.ts';
import type { Check } from '../support/check.ts';
import { judge, leastPoints, type Point, type Trend, trendOf } from './trend.ts';

export interface Flatness {
  readonly name: string;
  /** Each series must be flat; the worst is shown. */
  readonly series: readonly (readonly Point[])[];
  readonly bound: number;
  readonly boundText: string;
  readonly show: (middle: number, trend: Trend, series: number) => string;
  /** A value that shrinks is as bad as one that grows. */
  readonly bothWays?: boolean;
}

const verdicts = { grows: 'failed', unclear: 'not judged', flat: 'met' } as const;

/** Whether values stay the same, apart from chance. Too few values are not judged. */
export function flatness({ name, series, bound, boundText, show, bothWays = false }: Flatness): Check {
  const judged = series.flatMap((points, index) => {
    const trend = trendOf(points);
    const middle = median(points.map(({ value }) => value));
    if (trend === null || middle === null) return [];
    const growth = bothWays ? sizeOf(trend) : trend;
    return [{ index, trend, middle, growth, word: judge(growth, bound) }];
  });
  const severity = ({ word }: { readonly word: keyof typeof verdicts }) => Object.keys(verdicts).indexOf(word);
  const [worst] = judged.toSorted((a, b) => severity(a) - severity(b) || b.growth.slope - a.growth.slope);
  if (worst === undefined || judged.length < series.length) {
    const measured = `too short: it takes ${leastPoints} minutes after those to warm up`;
    return { name, verdict: 'not judged', measured, bound: boundText };
  }
  const measured = show(worst.middle, worst.trend, worst.index);
  return { name, verdict: verdicts[worst.word], measured, bound: boundText };
}

/** As `flatness`: growth per hour of values in this unit. */
export function hourlyFlatness(what: Pick<Flatness, 'name' | 'series' | 'bound'> & { readonly unit: string }): Check {
  const { unit, bound } = what;
  return flatness({
    ...what,
    boundText: `grows by at most ${bound}${unit}/h`,
    show: (middle, { slope, low, high }) =>
      `${middle.toFixed(1)}${unit}, ${signed(slope)}/h (95 %: ${signed(low)} to ${signed(high)})`,
  });
}

/** A change in either direction. */
function sizeOf({ slope, low, high }: Trend): Trend {
  return slope >= 0 ? { slope, low, high } : { slope: -slope, low: -high, high: -low };
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(2)}`;
}
