import { decimal, milliseconds, percent, seconds } from '../../shared/terminal/format.ts';
import { clip } from '../../shared/terminal/text.ts';
import type { Figures } from '../jtl/group.ts';
import type { LoadFigures } from '../jtl/load.ts';
import type { Summary, SummaryOptions } from '../jtl/summary.ts';
import type { LeftOut, Parts } from '../jtl/tally.ts';
import { distinctNames } from './distinct-names.ts';
import { type Column, renderTable } from './table.ts';

interface Row extends Figures {
  readonly name: string;
  /** The name as the column has room for it. */
  readonly shown: string;
}

/** All that `haweight jtl` shows. */
export interface JtlReport {
  readonly summary: Summary;
  readonly leftOut: LeftOut;
  readonly options: SummaryOptions;
  readonly withTransactions: boolean;
  /** Requests per second that the plan should have sent; null: unknown. */
  readonly askedPerSecond: number | null;
  /** From 0 to 1: how much of the file was read. */
  readonly readShare: number;
}

/** If one request in a hundred is this late, the plan had too few threads or its machine was too busy. */
const notableLateMs = 100;
/** Longer times, in ms, are shown without decimals: a column has room for six characters. */
const wholeFromMs = 10;
/** Longer than a plan pauses: the file may hold several runs. */
const notableGapSeconds = 60;
const width = 80;
const nameWidth = 10;

const right = (title: string, columnWidth: number, text: (row: Row) => string): Column<Row> => {
  return { title, width: columnWidth, align: 'right', text };
};

/** Widths and the spaces between them add up to 80. */
const columnsOf = ({ by, withinMs }: SummaryOptions): readonly Column<Row>[] => [
  { title: by.toUpperCase(), width: nameWidth, align: 'left', text: ({ shown }) => shown },
  right('REQUESTS', 8, ({ requests }) => String(requests)),
  {
    ...right('FAILED', 7, ({ failedShare }) => percent(failedShare, 2)),
    tone: ({ failed }) => (failed > 0 ? 'bad' : null),
  },
  right('MEAN ms', 7, ({ meanMs }) => milliseconds(meanMs, wholeFromMs)),
  right('P50', 6, ({ p50Ms }) => milliseconds(p50Ms, wholeFromMs)),
  right('P90', 6, ({ p90Ms }) => milliseconds(p90Ms, wholeFromMs)),
  right('P95', 6, ({ p95Ms }) => milliseconds(p95Ms, wholeFromMs)),
  right('P99', 6, ({ p99Ms }) => milliseconds(p99Ms, wholeFromMs)),
  right('MAX', 6, ({ maxMs }) => milliseconds(maxMs, wholeFromMs)),
  right(`IN ${withinMs / 1_000} s`, 8, ({ withinShare }) => percent(withinShare, 2)),
];

const legend = `percentiles are at most 0.8 % too high. IN n s: share of all requests answered
in this time without an error. A dash: no server answered.`;

/** The summary of a result file; no line of the table over 80 columns. */
export function renderJtl(report: JtlReport): string {
  const { summary, options, askedPerSecond } = report;
  const named = [...summary.groups, { ...summary.all, name: 'all' }];
  const shown = distinctNames(
    named.map(({ name }) => name),
    nameWidth,
  );
  const rows: Row[] = named.map((each, index) => ({ ...each, shown: shown[index] ?? each.name }));
  const from = options.fromDue ? 'when a request was due' : 'sending';
  return [
    ...[...loadLines(summary.load, askedPerSecond), ...leftOutLines(report)].map((line) => clip(line, width)),
    '',
    renderTable(columnsOf(options), rows),
    '',
    ...errorLines(rows),
    `Times in ms, of answers and time-outs, from ${from};`,
    legend,
  ].join('\n');
}

const partsHint = '  only their requests count, if the file has them; all with --with-transactions';

/** What the figures below do not say. */
function leftOutLines({ summary, leftOut, withTransactions, readShare }: JtlReport): string[] {
  const { transactions, subResults, damagedLines, damagedFailures, failedWithoutTime, assumptions } = leftOut;
  const verb = withTransactions ? 'counted as requests' : 'left out';
  const parts = [partsText(transactions, 'transaction'), partsText(subResults, 'sub-result')].filter(
    (each) => each !== null,
  );
  const hasFailed = transactions.failed + subResults.failed > 0;
  const unread = damagedLines - damagedFailures;
  return [
    ...(readShare < 1 ? [`! only the first ${percent(readShare, 1)} of the file was read`] : []),
    ...assumptions.map((problem) => `! ${problem.what}`),
    ...(summary.warmupRequests > 0 ? [`left out as warm-up: ${summary.warmupRequests} requests`] : []),
    ...(parts.length > 0 ? [`${hasFailed ? '! ' : ''}${verb}: ${parts.join(', ')}`] : []),
    ...(parts.length > 0 && !withTransactions ? [partsHint] : []),
    ...(unread > 0 ? [`! left out: ${counted(unread, 'damaged line')}`] : []),
    ...(damagedFailures > 0 ? [`! failed, in lines that are damaged: ${counted(damagedFailures, 'request')}`] : []),
    ...(failedWithoutTime > 0 ? [`failed without a valid time: ${counted(failedWithoutTime, 'request')}`] : []),
  ];
}

function partsText({ count, failed }: Parts, what: string): string | null {
  if (count === 0) return null;
  return `${counted(count, what)}${failed > 0 ? ` (${failed} failed)` : ''}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function loadLines(
  { perSecond, gapVariation, longestGapSeconds, late, seconds: length }: LoadFigures,
  asked: number | null,
): string[] {
  const rate = decimal(perSecond, 1);
  const off = asked === null || perSecond === null ? '' : ` (asked ${asked}: ${signed(perSecond / asked - 1)})`;
  const variation = decimal(gapVariation);
  return [
    `load: ${rate} requests/s${off} over ${seconds(length * 1_000)}`,
    `gaps between requests: deviation / mean ${variation} (1: Poisson)`,
    ...gapLines(longestGapSeconds, length),
    ...lateLines(late),
  ];
}

function gapLines(longestGapSeconds: number | null, length: number): string[] {
  if (longestGapSeconds === null || longestGapSeconds < notableGapSeconds || longestGapSeconds < length / 10) return [];
  return [`! no request for ${longestGapSeconds.toFixed(0)} s: are these several runs? The rate is that of all`];
}

function lateLines(late: LoadFigures['late']): string[] {
  if (late === null) return ['sent late? Unknown: the file has no column due'];
  const line = `sent after they were due: p50 ${milliseconds(late.p50Ms, wholeFromMs)}, p99 ${milliseconds(late.p99Ms, wholeFromMs)}, max ${milliseconds(late.maxMs, wholeFromMs)} ms`;
  if (late.p99Ms <= notableLateMs) return [line];
  return [line, '! the load lagged, so it was not an open loop: use more threads or another machine'];
}

function errorLines(rows: readonly Row[]): string[] {
  const failing = rows.filter(({ failed }) => failed > 0);
  if (failing.length === 0) return [];
  const lines = failing.map(({ name, errors }) => {
    const codes = errors.map(({ code, count }) => `${count} x ${code}`);
    return clip(`  ${name}: ${codes.join(', ')}`, width);
  });
  return ['failed with:', ...lines, ''];
}

function signed(ratio: number): string {
  return `${ratio < 0 ? '' : '+'}${percent(ratio, 1)}`;
}
