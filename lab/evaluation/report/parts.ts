import type { MatrixName } from '../scenarios.ts';
import { type Figure, imageOf } from './figures/figure.ts';
import { groupNames } from './groups.ts';
import type { Results } from './results.ts';
import { betterTable, claimsRule, claimsTable } from './tables/claims.ts';
import { groupTables, reactionTable } from './tables/group.ts';
import { leastconnRule, leastconnTable } from './tables/leastconn.ts';
import { rankingTable } from './tables/ranking.ts';
import { completenessText, contenderTable, machineTable, scenarioTable } from './tables/setting.ts';
import { timesTable } from './tables/times.ts';

/** Generated pieces of the documents, by the names of their markers. */
export type Parts = ReadonlyMap<string, string>;

/** In the order of a report. `place`: what stands before a figure's name. */
export function partsOf(results: Results, figures: readonly Figure[], place: string): Parts {
  const images = (prefix: string) => {
    const chosen = figures.filter(({ name }) => name.startsWith(prefix));
    return chosen.map((figure) => imageOf(figure, place)).join('\n\n') || 'Not measured.';
  };
  return new Map([
    ['scenarios', scenarioTable(results.run.matrix)],
    ['contenders', contenderTable(results.run.matrix)],
    ['machine', machineTable(results)],
    ['completeness', completenessText(results)],
    ['ranking', rankingTable(results)],
    ['times', timesTable(results)],
    ['figure-overview', images('overview')],
    ['figure-4', images('figure-4')],
    ['figure-5', images('figure-5')],
    ['figure-6', images('figure-6')],
    ['figure-7', images('figure-7')],
    ['reactions', reactionTable(results)],
    ...groupNames.map((group) => [`results-${group}`, groupTables(results, group)] as const),
    ['claims-rule', claimsRule()],
    ['claims', claimsTable(results)],
    ['better', betterTable(results)],
    ['leastconn-rule', leastconnRule()],
    ['leastconn', leastconnTable(results)],
  ]);
}

const ofPublication = [
  'machine',
  'completeness',
  'ranking',
  'figure-overview',
  'figure-4',
  'figure-5',
  'figure-6',
  'figure-7',
  'reactions',
  'results-over-utilised',
  'results-removed',
  'results-flash',
  'claims',
  'better',
  'leastconn',
];

const ofLimits = ['machine', 'completeness', 'ranking', 'times'];
/** What the documents of the full run do not show: it has no such scenarios, or other tables have the same. */
const notOfFull = ['times', 'results-uneven', 'results-waiting'];

/** Prefix of the names of a run's parts and figures in the documents; null: the documents do not show such a run. */
export function prefixOf(matrix: MatrixName): string | null {
  return { full: '', publication: 'publication-', limits: 'limits-', quick: null }[matrix];
}

/** The parts of a run that the documents show, by their names there. */
export function partsForDocuments(parts: Parts, matrix: MatrixName): Parts {
  const chosen = [...parts].filter(([name]) => {
    if (matrix === 'publication') return ofPublication.includes(name);
    return matrix === 'limits' ? ofLimits.includes(name) : !notOfFull.includes(name);
  });
  return new Map(chosen.map(([name, text]) => [`${prefixOf(matrix) ?? ''}${name}`, text]));
}
