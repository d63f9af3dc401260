import { milliseconds } from '../../../../shared/terminal/format.ts';
import { markdownTable } from '../../../support/markdown.ts';
import type { ContenderName } from '../../contenders.ts';
import type { ScenarioName } from '../../scenarios.ts';
import { compare } from '../comparison.ts';
import { formatShare, none } from '../format.ts';
import { measured, type Results, scenariosIn } from '../results.ts';

/** Plain leastconn is enough if its times are at most this factor of haweight's best. */
export const toleratedRatio = 1.1;

const alone: ContenderName = 'leastconn';
/** The contenders with a policy that haweight recommends. */
export const recommended: readonly ContenderName[] = [
  'inverse-load+roundrobin',
  'inverse-load+random',
  'inverse-load+leastconn',
  'capacity+roundrobin',
  'capacity+random',
  'capacity+leastconn',
  'adaptive+roundrobin',
  'adaptive+random',
  'adaptive+leastconn',
];

/** leastconn without a controller against haweight's best: its times / the times of `best`, failures charged. */
export interface AloneResult {
  readonly scenario: ScenarioName;
  readonly best: ContenderName;
  readonly mean: number;
  readonly p99: number;
  readonly isEnough: boolean;
}

/** haweight's best has the lowest mean against leastconn, chosen anew in each scenario. null: nothing to compare. */
export function aloneResult(results: Results, scenario: ScenarioName): AloneResult | null {
  const candidates = recommended.flatMap((best) => {
    const mean = compare(results, scenario, alone, best, 'chargedMeanMs')?.ratio.median;
    const p99 = compare(results, scenario, alone, best, 'chargedP99Ms')?.ratio.median;
    return mean === undefined || p99 === undefined ? [] : [{ best, mean, p99 }];
  });
  const [best] = candidates.toSorted((a, b) => b.mean - a.mean);
  if (best === undefined) return null;
  return { scenario, ...best, isEnough: best.mean <= toleratedRatio && best.p99 <= toleratedRatio };
}

export function leastconnTable(results: Results): string {
  const rows = scenariosIn(results).map((scenario) => {
    const result = aloneResult(results, scenario);
    const show = (contender: ContenderName) => {
      const [mean, p99, failed] = (['chargedMeanMs', 'chargedP99Ms', 'failedShare'] as const).map(
        (measure) => measured(results, scenario, contender, measure)?.median,
      );
      if (mean === undefined || p99 === undefined || failed === undefined) return none;
      return `${milliseconds(mean)} / ${milliseconds(p99)} / ${formatShare(failed)}`;
    };
    if (result === null) return [`\`${scenario}\``, show(alone), none, none, none, 'not measured'];
    const { best, mean, p99, isEnough } = result;
    return [
      `\`${scenario}\``,
      show(alone),
      `\`${best}\`: ${show(best)}`,
      mean.toFixed(2),
      p99.toFixed(2),
      isEnough ? '**yes**' : 'no',
    ];
  });
  return markdownTable(
    [
      'scenario',
      'leastconn alone: mean / p99 in ms / failed %',
      "haweight's best",
      'mean, alone / best',
      'p99, alone / best',
      'is it enough?',
    ],
    rows,
  );
}

export function leastconnRule(): string {
  const percent = Math.round(100 * (toleratedRatio - 1));
  return (
    `leastconn alone is called enough where its mean and its p99 are at most ${percent} % above those of haweight's best ` +
    "(median of the pairs), with every failed request charged as 5 s. haweight's best is the one of `inverse-load`, " +
    '`capacity` and `adaptive`, under any algorithm, with the lowest mean; it is chosen anew in each scenario, which favours haweight.'
  );
}
