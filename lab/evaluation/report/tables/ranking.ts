import { markdownTable } from '../../../support/markdown.ts';
import type { ContenderName } from '../../contenders.ts';
import { compare } from '../comparison.ts';
import { formatShare, none } from '../format.ts';
import { contendersIn, measured, type Results, scenariosIn } from '../results.ts';
import { geometricMean } from '../spread.ts';

/** All are compared with this: the best possible weights, under the algorithm that needs them least. */
export const reference: ContenderName = 'oracle+leastconn';

export interface Rank {
  readonly contender: ContenderName;
  /** With failures charged. Geometric means over the scenarios of (its time / the reference's time); null: never measured beside it. */
  readonly mean: number | null;
  readonly p99: number | null;
  /** The number of scenarios. */
  readonly scenarios: number;
  /** Means over its scenarios' medians. */
  readonly failed: number;
  /** The lowest of its scenarios' medians. */
  readonly leastWithinSecond: number;
}

/** The best first, by the mean. */
export function rankingOf(results: Results): Rank[] {
  const ranks = contendersIn(results).map((contender): Rank => {
    const scenarios = scenariosIn({ cells: results.cells.filter((cell) => cell.contender === contender) });
    const ratios = (measure: 'chargedMeanMs' | 'chargedP99Ms') =>
      scenarios.flatMap((scenario) => compare(results, scenario, contender, reference, measure)?.ratio.median ?? []);
    const medians = (measure: 'failedShare' | 'withinSecond') =>
      scenarios.flatMap((scenario) => measured(results, scenario, contender, measure)?.median ?? []);
    return {
      contender,
      mean: geometricMean(ratios('chargedMeanMs')),
      p99: geometricMean(ratios('chargedP99Ms')),
      scenarios: ratios('chargedP99Ms').length,
      failed: medians('failedShare').reduce((sum, share) => sum + share, 0) / scenarios.length,
      leastWithinSecond: Math.min(...medians('withinSecond')),
    };
  });
  return ranks.toSorted((a, b) => (a.mean ?? Number.MAX_VALUE) - (b.mean ?? Number.MAX_VALUE));
}

export function rankingTable(results: Results): string {
  return markdownTable(
    ['contender', 'mean, relative', 'p99, relative', 'scenarios', 'failed, mean %', 'within 1 s, lowest %'],
    rankingOf(results).map(({ contender, mean, p99, scenarios, failed, leastWithinSecond }) => [
      `\`${contender}\``,
      mean?.toFixed(2) ?? none,
      p99?.toFixed(2) ?? none,
      `${scenarios}`,
      formatShare(failed),
      formatShare(leastWithinSecond),
    ]),
  );
}
