import { type CellStatistics, failureKinds } from './cell-statistics.ts';
import { contendersIn, type Measure, measured, type Results, scenariosIn } from './results.ts';

/** One row per cell that counts. Times in ms, shares from 0 to 1; empty: no value. */
export function cellsCsv({ cells }: Pick<Results, 'cells'>): string {
  const servers = [...new Set(cells.flatMap(({ serverShares }) => serverShares.map(({ name }) => name)))].toSorted();
  const columns: readonly (readonly [string, (cell: CellStatistics) => Value])[] = [
    ['scenario', (cell) => cell.scenario],
    ['contender', (cell) => cell.contender],
    ['repetition', (cell) => cell.repetition],
    ['seed', (cell) => cell.seed],
    ['sent', (cell) => cell.sent],
    ['mean_ms', (cell) => cell.meanMs],
    ['p50_ms', (cell) => cell.p50Ms],
    ['p90_ms', (cell) => cell.p90Ms],
    ['p99_ms', (cell) => cell.p99Ms],
    ['charged_mean_ms', (cell) => cell.chargedMeanMs],
    ['charged_p99_ms', (cell) => cell.chargedP99Ms],
    ['within_second', (cell) => cell.withinSecond],
    ['slow', (cell) => cell.slow],
    ['failed', (cell) => cell.failed],
    ...failureKinds.map((kind) => [`failed_${kind}`, (cell: CellStatistics) => cell.failures[kind]] as const),
    ['p99_lag_ms', (cell) => cell.p99LagMs],
    ...servers.map((server) => [`share_${server}`, (cell: CellStatistics) => shareOf(cell, server)] as const),
  ];
  return lines(
    columns.map(([name]) => name),
    cells.map((cell) => columns.map(([, read]) => read(cell))),
  );
}

const summarised: readonly (readonly [string, Measure])[] = [
  ['mean_ms', 'meanMs'],
  ['p50_ms', 'p50Ms'],
  ['p90_ms', 'p90Ms'],
  ['p99_ms', 'p99Ms'],
  ['charged_mean_ms', 'chargedMeanMs'],
  ['charged_p99_ms', 'chargedP99Ms'],
  ['within_second', 'withinSecond'],
  ['slow', 'slow'],
  ['failed', 'failed'],
  ['failed_share', 'failedShare'],
];

/** One row per scenario and contender: median, least and most of the repetitions that count. */
export function summaryCsv(results: Pick<Results, 'cells'>): string {
  const head = summarised.flatMap(([name]) => [name, `${name}_min`, `${name}_max`]);
  const rows = scenariosIn(results).flatMap((scenario) =>
    contendersIn(results, scenario).map((contender) => [
      scenario,
      contender,
      results.cells.filter((cell) => cell.scenario === scenario && cell.contender === contender).length,
      ...summarised.flatMap(([, measure]) => {
        const spread = measured(results, scenario, contender, measure);
        return [spread?.median ?? null, spread?.min ?? null, spread?.max ?? null];
      }),
    ]),
  );
  return lines(['scenario', 'contender', 'repetitions', ...head], rows);
}

type Value = string | number | null;

/** The names contain no commas or quotes. Six digits are more than the measurement has. */
function lines(head: readonly string[], rows: readonly (readonly Value[])[]): string {
  const show = (value: Value) => (typeof value === 'number' ? `${Number(value.toPrecision(6))}` : (value ?? ''));
  return [head, ...rows].map((row) => `${row.map(show).join(',')}\n`).join('');
}

function shareOf({ serverShares }: CellStatistics, server: string): number | null {
  return serverShares.find(({ name }) => name === server)?.share ?? null;
}
