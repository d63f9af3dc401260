import { decimal, milliseconds, percent, seconds } from '../../shared/terminal/format.ts';
import { clip } from '../../shared/terminal/text.ts';
import type { Figures } from '../jtl/group.ts';
import type { LoadFigures } from '../jtl/load.ts';
import type { Summary, SummaryOptions } from '../jtl/summary.ts';
import { type Column, renderTable } from './table.ts';

interface Row extends Figures {
  readonly name: string;
}

/** From so much lateness of one request in a hundred on, the plan had too few threads or its machine was too busy. */
const notableLateMs = 100;
/** Times are shown without decimals from this on, in ms: a column has room for six characters. */
const wholeFromMs = 10;
const width = 80;

const right = (title: string, columnWidth: number, text: (row: Row) => string): Column<Row> => {
  return { title, width: columnWidth, align: 'right', text };
};

/** Widths and the spaces between them add up to 80. */
const columnsOf = ({ by, withinMs }: SummaryOptions): readonly Column<Row>[] => [
  { title: by.toUpperCase(), width: 10, align: 'left', text: ({ name }) => name },
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

const legend = `percentiles at most 0.8 % above the true ones. IN n s: answered without an
error, of all. What no server answered is under -.`;

/** What a result file holds; no line over 80 columns but the one with the file's own words. */
export function renderJtl(summary: Summary, options: SummaryOptions, askedPerSecond: number | null): string {
  const { all, groups, load, warmupRequests } = summary;
  const rows: Row[] = [...groups, { ...all, name: 'all' }];
  const from = options.fromDue ? 'when a request was due' : 'sending';
  const warmup = warmupRequests === 0 ? [] : [`left out as warm-up: ${warmupRequests} requests`];
  return [
    ...[...loadLines(load, askedPerSecond), ...warmup].map((line) => clip(line, width)),
    '',
    renderTable(columnsOf(options), rows),
    '',
    ...errorLines(rows),
    `Times in ms, of answers and time-outs, from ${from};`,
    legend,
  ].join('\n');
}

function loadLines({ perSecond, gapVariation, late, seconds: length }: LoadFigures, asked: number | null): string[] {
  const rate = decimal(perSecond, 1);
  const off = asked === null || perSecond === null ? '' : ` (asked ${asked}: ${signed(perSecond / asked - 1)})`;
  const variation = decimal(gapVariation);
  return [
    `load: ${rate} requests/s${off} over ${seconds(length * 1_000)}`,
    `gaps between requests: deviation / mean ${variation} (1: Poisson)`,
    ...lateLines(late),
  ];
}

function lateLines(late: LoadFigures['late']): string[] {
  if (late === null) return ['sent when due? Not known: the file has no column due'];
  const line = `sent after they were due: p50 ${milliseconds(late.p50Ms, wholeFromMs)}, p99 ${milliseconds(late.p99Ms, wholeFromMs)}, max ${milliseconds(late.maxMs, wholeFromMs)} ms`;
  if (late.p99Ms <= notableLateMs) return [line];
  return [line, '! the load lagged: no open loop. More threads, a warm-up, or a machine less busy'];
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
