import { decimal, milliseconds, percent, seconds } from '../../shared/terminal/format.ts';
import { clip } from '../../shared/terminal/text.ts';
import type { Experiment } from '../../testbed/simulator/schema.ts';
import { capacityOf } from '../../testbed/simulator/workload.ts';
import type { Comparison, ContenderName } from '../simulate/comparison.ts';
import { byMean, type Figures, figuresOf } from '../simulate/figures.ts';
import type { Measured } from '../simulate/run.ts';
import { renderEvents } from './simulate-events.ts';
import { type Column, renderTable } from './table.ts';

interface Row {
  readonly policy: ContenderName;
  readonly balance: string;
  readonly figures: Figures;
}

const width = 80;
/** From this share of failed requests on, times alone do not show what is better. */
const notableFailures = 0.01;

const right = (title: string, columnWidth: number, text: (figures: Figures) => string): Column<Row> => {
  return { title, width: columnWidth, align: 'right', text: ({ figures }) => text(figures) };
};

/** Widths and the spaces between them add up to 79. */
const columns: readonly Column<Row>[] = [
  { title: 'POLICY', width: 14, align: 'left', text: ({ policy }) => policy },
  { title: 'BALANCE', width: 10, align: 'left', text: ({ balance }) => balance },
  right('MEAN ms', 7, ({ meanMs }) => milliseconds(meanMs)),
  right('P50 ms', 6, ({ p50Ms }) => milliseconds(p50Ms)),
  right('P99 ms', 6, ({ p99Ms }) => milliseconds(p99Ms)),
  right('IN 1 s', 7, ({ withinSecond }) => percent(withinSecond, 2)),
  {
    ...right('FAILED', 7, ({ failed }) => percent(failed, 2)),
    tone: ({ figures }) => ((figures.failed ?? 0) > notableFailures ? 'bad' : null),
  },
  right('MAX/MEAN', 8, ({ maxOverMean }) => decimal(maxOverMean)),
  right('MOVED', 6, ({ movement }) => percent(movement, 1)),
];

/** What the model leaves out. */
export const simulateNote = `Not in the model: keep-alive, stickiness, cache warm-up, several classes of
requests. docs/simulation.md explains the consequences.`;

const legend = `MEAN to P99: answers and time-outs, without other failures. MAX/MEAN: of the
servers' utilisations. MOVED: sum of the changes of their shares per tick.`;

const bounds = 'oracle and static know the true capacities: for comparison, not for use.';

const failuresNote = '! Requests failed. Fast failures take no time, so compare FAILED before MEAN.';

/** The comparison and its results, fastest first; no line over 80 columns. `tookMs` is real time. */
export function renderComparison(comparison: Comparison, measured: readonly Measured[], tookMs: number): string {
  const rows = byMean(
    measured.map((each): Row => {
      return { policy: each.candidate.policy, balance: each.candidate.balance, figures: figuresOf(each) };
    }),
  );
  const zeros = rows.filter(({ figures }) => figures.allZeroTicks > 0);
  const hasBounds = rows.some(({ policy }) => policy === 'oracle' || policy === 'static');
  return [
    ...heading(comparison, measured.length, tookMs),
    '',
    renderTable(columns, rows),
    '',
    ...zeros.map(({ policy, balance, figures }) => {
      return `! ${policy}, ${balance}: every weight was 0 (a 503 for all) at ${figures.allZeroTicks} ticks`;
    }),
    ...(rows.some(({ figures }) => (figures.failed ?? 0) > notableFailures) ? [failuresNote] : []),
    legend,
    ...(hasBounds ? [bounds] : []),
    simulateNote,
  ].join('\n');
}

function heading({ fleet, scenario, seeds, candidates }: Comparison, finished: number, tookMs: number): string[] {
  const [first] = candidates;
  if (first === undefined) return [];
  const { experiment } = first;
  const fullRate = (capacityOf(experiment.fleet) / experiment.demandMs) * 1_000;
  const rate = experiment.rate ?? (experiment.load ?? 0) * fullRate;
  const servers = plural(experiment.fleet.length, 'server');
  const cores = experiment.fleet.reduce((sum, each) => sum + each.cores, 0);
  const seedsText = seeds.length === 1 ? `seed ${seeds[0]}` : `medians of seeds ${seeds[0]} to ${seeds.at(-1)}`;
  const missing = finished === candidates.length ? '' : `; ${plural(candidates.length - finished, 'line')} missing`;
  return [
    `${fleet === null ? 'your fleet' : `fleet ${fleet}`}: ${servers}, ${rounded(cores)} cores, capacity ${rounded(fullRate)} requests/s of ${rounded(experiment.demandMs)} ms`,
    `load ${percent(rate / fullRate)}${peak(experiment)}: ${rounded(rate)} requests/s through ${plural(experiment.haproxys, 'HAProxy')}`,
    `${scenario === null ? 'your scenario' : `scenario ${scenario}`}: ${rounded(experiment.seconds)} s after ${rounded(experiment.warmupSeconds)} s of warm-up`,
    ...renderEvents(experiment),
    `${seedsText}; ${plural(finished * seeds.length, 'run')} in ${seconds(tookMs)}${missing}`,
  ].map((line) => clip(line, width));
}

function peak({ scenario, seconds: length }: Experiment): string {
  const loads = scenario.loads.filter(({ fromSeconds }) => fromSeconds < length).map(({ load }) => load);
  return loads.length === 0 ? '' : `, at times ${percent(Math.max(...loads))}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** Whole numbers as they are, others with one decimal. */
function rounded(value: number): string {
  return String(Number(value.toFixed(1)));
}
