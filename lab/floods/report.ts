import { count, decimal } from '../../shared/terminal/format.ts';
import { isPassed } from '../support/check.ts';
import { markdownTable } from '../support/markdown.ts';
import type { Measured } from './cell.ts';
import { answers, time, verdictOf } from './verdict.ts';

const columns = [
  'flood',
  'target',
  'from',
  'answered',
  'slowest ms',
  'weight ms',
  'rescue ms',
  'memory MiB',
  'cores',
  'SIGTERM ms',
  'lines',
  'not met',
];

const [head = '', alignment = ''] = markdownTable(columns, []).split('\n');
export const tableHead = `${head}\n${alignment}\n`;

/** A row of the table, for one cell. */
export function tableRow(measured: Measured): string {
  const table = markdownTable(columns, [rowOf(measured)]);
  return `${table.split('\n').at(-1)}\n`;
}

/** The worst of each figure over these cells, with its kind: a row for each target and number of addresses. */
export function formatSummary(cells: readonly Measured[]): string {
  const groups = Map.groupBy(cells, ({ cell }) => `${cell.target}, from ${cell.addresses}`);
  return markdownTable(
    ['target', 'least answered', 'weight ms', 'rescue ms', 'memory MiB', 'cores', 'SIGTERM ms', 'lines'],
    [...groups].map(([name, group]) => [
      name,
      worst(
        group,
        ({ probed }) => -probed.answered / probed.asked,
        (share) => `${Math.round(-100 * share)} %`,
      ),
      worst(group, ({ weightMs }) => weightMs ?? Number.POSITIVE_INFINITY, longOrMore),
      worst(group, ({ rescueMs }) => rescueMs ?? Number.POSITIVE_INFINITY, longOrMore),
      worst(
        group,
        ({ restMiB, peakMiB }) => peakMiB - restMiB,
        (mib) => count(Math.round(mib)),
      ),
      worst(group, ({ cores }) => cores, decimal),
      worst(group, ({ endMs }) => endMs ?? Number.POSITIVE_INFINITY, longOrMore),
      worst(group, ({ logLines }) => logLines, count),
    ]),
  );
}

function worst(
  cells: readonly Measured[],
  of: (measured: Measured) => number,
  format: (value: number) => string,
): string {
  const last = cells.toSorted((a, b) => of(a) - of(b)).at(-1);
  return last === undefined ? '' : `${format(of(last))} (${last.cell.kind})`;
}

function longOrMore(ms: number): string {
  return time(Number.isFinite(ms) ? ms : null);
}

function rowOf(measured: Measured): readonly string[] {
  const { cell, probed, weightMs, rescueMs, restMiB, peakMiB, cores, endMs, logLines } = measured;
  const failed = verdictOf(measured).filter((each) => !isPassed([each]));
  return [
    cell.kind,
    cell.target,
    String(cell.addresses),
    answers(measured),
    count(Math.round(probed.slowestMs)),
    time(weightMs),
    time(rescueMs),
    `${count(Math.round(restMiB))} + ${count(Math.round(peakMiB - restMiB))}`,
    decimal(cores),
    time(endMs),
    count(logLines),
    failed.map(({ name }) => name).join(', '),
  ];
}
