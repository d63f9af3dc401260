import { milliseconds } from '../../../../shared/terminal/format.ts';
import { markdownTable } from '../../../support/markdown.ts';
import { type ScenarioName, scenarios } from '../../scenarios.ts';
import { formatCount, formatShare, formatSpread, none } from '../format.ts';
import { type GroupName, groups } from '../groups.ts';
import { contendersIn, type Measure, measured, type Results } from '../results.ts';

/** One table per scenario: `median (least–most)` of the repetitions. */
export function groupTables(results: Results, group: GroupName): string {
  const sections = groups[group]
    .filter((scenario) => contendersIn(results, scenario).length > 0)
    .map((scenario) => scenarioSection(results, scenario));
  return sections.join('\n\n') || 'Not measured.';
}

function scenarioSection(results: Results, scenario: ScenarioName): string {
  const title = scenarios.find(({ name }) => name === scenario)?.title ?? scenario;
  const sent = Math.max(...results.cells.filter((cell) => cell.scenario === scenario).map((cell) => cell.sent));
  return `**\`${scenario}\`: ${title}** (up to ${sent} requests a run)\n\n${scenarioTable(results, scenario)}`;
}

function scenarioTable(results: Results, scenario: ScenarioName): string {
  return markdownTable(
    [
      'contender',
      'mean, ms',
      'p50, ms',
      'p90, ms',
      'p99, ms',
      'mean with failures as 5 s',
      'within 1 s, %',
      'failed, %',
    ],
    contendersIn(results, scenario).map((contender) => {
      const show = (measure: Measure, format: (value: number) => string) =>
        formatSpread(measured(results, scenario, contender, measure), format);
      return [
        `\`${contender}\``,
        show('meanMs', milliseconds),
        show('p50Ms', milliseconds),
        show('p90Ms', milliseconds),
        show('p99Ms', milliseconds),
        show('chargedMeanMs', milliseconds),
        show('withinSecond', formatShare),
        show('failedShare', formatShare),
      ];
    }),
  );
}

/** What a fault cost: requests that failed, and those answered later than a second. */
export function reactionTable(results: Results): string {
  const shown = scenarios.filter(({ name, events }) => events !== undefined && contendersIn(results, name).length > 0);
  if (shown.length === 0) return 'Not measured.';
  return markdownTable(
    ['contender', ...shown.map(({ name }) => `\`${name}\``)],
    contendersIn(results).map((contender) => [
      `\`${contender}\``,
      ...shown.map(({ name }) => {
        const failed = measured(results, name, contender, 'failed');
        const slow = measured(results, name, contender, 'slow');
        return failed === null ? none : `${formatSpread(failed, formatCount)} + ${formatSpread(slow, formatCount)}`;
      }),
    ]),
  );
}
