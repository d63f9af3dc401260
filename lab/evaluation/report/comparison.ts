import type { ContenderName } from '../contenders.ts';
import type { ScenarioName } from '../scenarios.ts';
import type { CellStatistics } from './cell-statistics.ts';
import { cellsOf, type Results } from './results.ts';
import { geometricMean, type Spread, spreadOf } from './spread.ts';

type TimeMeasure = 'chargedMeanMs' | 'chargedP99Ms' | 'meanMs' | 'p99Ms';

/** One contender against another in one scenario, in pairs of cells with the same requests at the same times. */
export interface Comparison {
  /** Time of the first / time of the second; below 1 the first is faster. */
  readonly ratio: Spread;
  /** Pairs in which the first was faster. */
  readonly faster: number;
  /** Share of failed requests of the first - that of the second; median of the pairs. */
  readonly extraFailed: number;
}

/** null: there is no pair. */
export function compare(
  results: Pick<Results, 'cells'>,
  scenario: ScenarioName,
  one: ContenderName,
  other: ContenderName,
  measure: TimeMeasure,
): Comparison | null {
  const others = cellsOf(results, scenario, other);
  const pairs = cellsOf(results, scenario, one).flatMap((mine) => {
    const theirs = others.find((cell) => isPair(mine, cell));
    const ratio = theirs === undefined ? null : quotient(mine[measure], theirs[measure]);
    return theirs === undefined || ratio === null ? [] : [{ ratio, extra: mine.failedShare - theirs.failedShare }];
  });
  const ratio = spreadOf(pairs.map((pair) => pair.ratio));
  const extraFailed = spreadOf(pairs.map(({ extra }) => extra));
  if (ratio === null || extraFailed === null) return null;
  return { ratio, faster: pairs.filter((pair) => pair.ratio < 1).length, extraFailed: extraFailed.median };
}

/** Over several scenarios. Improvements are shares of the other's time: 0.1 is 10 % faster, below 0 slower. */
export interface Improvement {
  /** From the geometric mean of the scenarios' median ratios. */
  readonly improvement: number;
  /** From the worst pair of each scenario, and from the best. */
  readonly least: number;
  readonly most: number;
  readonly pairs: number;
  readonly faster: number;
  /** Mean of the scenarios' medians. */
  readonly extraFailed: number;
  /** Those that have a pair. */
  readonly scenarios: readonly ScenarioName[];
}

/** null: there is no pair in any of the scenarios. */
export function improvementOf(
  results: Pick<Results, 'cells'>,
  scenarios: readonly ScenarioName[],
  one: ContenderName,
  other: ContenderName,
  measure: TimeMeasure,
): Improvement | null {
  const found = scenarios.flatMap((scenario) => {
    const comparison = compare(results, scenario, one, other, measure);
    return comparison === null ? [] : [{ scenario, ...comparison }];
  });
  const gain = (pick: (ratio: Spread) => number) => 1 - (geometricMean(found.map(({ ratio }) => pick(ratio))) ?? 1);
  if (found.length === 0) return null;
  return {
    improvement: gain((ratio) => ratio.median),
    least: gain((ratio) => ratio.max),
    most: gain((ratio) => ratio.min),
    pairs: found.reduce((sum, { ratio }) => sum + ratio.count, 0),
    faster: found.reduce((sum, { faster }) => sum + faster, 0),
    extraFailed: found.reduce((sum, { extraFailed }) => sum + extraFailed, 0) / found.length,
    scenarios: found.map(({ scenario }) => scenario),
  };
}

function isPair(a: CellStatistics, b: CellStatistics): boolean {
  return a.repetition === b.repetition && a.seed === b.seed;
}

function quotient(a: number | null, b: number | null): number | null {
  return a === null || b === null || b === 0 ? null : a / b;
}
