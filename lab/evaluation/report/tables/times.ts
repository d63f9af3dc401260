import { milliseconds } from '../../../../shared/terminal/format.ts';
import { markdownTable } from '../../../support/markdown.ts';
import type { ContenderName } from '../../contenders.ts';
import type { ScenarioName } from '../../scenarios.ts';
import { formatShare, none } from '../format.ts';
import { contendersIn, measured, type Results, scenariosIn } from '../results.ts';

/** Every contender in every scenario: `mean / p99` in ms, each failed request charged as 5 s, and how many failed. */
export function timesTable(results: Results): string {
  const scenarios = scenariosIn(results);
  if (scenarios.length === 0) return 'Not measured.';
  return markdownTable(
    ['mean / p99, ms', ...scenarios.map((scenario) => `\`${scenario}\``)],
    contendersIn(results).map((contender) => [
      `\`${contender}\``,
      ...scenarios.map((scenario) => timesOf(results, scenario, contender)),
    ]),
  );
}

/** Medians of the repetitions. */
function timesOf(results: Results, scenario: ScenarioName, contender: ContenderName): string {
  const [mean, p99, failed] = (['chargedMeanMs', 'chargedP99Ms', 'failedShare'] as const).map(
    (measure) => measured(results, scenario, contender, measure)?.median,
  );
  if (mean === undefined || p99 === undefined || failed === undefined) return none;
  const lost = failed === 0 ? '' : `, ${formatShare(failed)} % failed`;
  return `${milliseconds(mean)} / ${milliseconds(p99)}${lost}`;
}
