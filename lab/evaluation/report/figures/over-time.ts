import type { LineSeriesOption } from 'echarts';
import type { ContenderName } from '../../contenders.ts';
import { type Event, scenarios } from '../../scenarios.ts';
import type { Results } from '../results.ts';
import type { Timeline } from '../timeline.ts';
import type { Figure } from './figure.ts';
import { renderSvg } from './render.ts';
import {
  axisName,
  faultColor,
  ink,
  legendOf,
  panelTitleOf,
  serverColors,
  shareAxis,
  smallText,
  titleOf,
  valueAxis,
} from './style.ts';

/** A row each. */
const rows: readonly ContenderName[] = ['roundrobin', 'paper+roundrobin', 'adaptive+roundrobin', 'adaptive+leastconn'];

const columns = [
  { values: 'shares', title: 'weights', axis: 'share of weight', left: 62 },
  { values: 'utilisation', title: 'utilisation of CPU', axis: 'CPU / quota', left: 512 },
] as const;

const width = 920;
const top = 104;
const rowHeight = 190;
const panelSize = { width: 380, height: 122 } as const;

/** One contender's weights or utilisation. */
interface Panel {
  readonly timeline: Timeline;
  readonly column: (typeof columns)[number];
  readonly isLowest: boolean;
  /** In pixels. */
  readonly place: typeof panelSize & { readonly left: number; readonly top: number };
}

/** Weights and utilisation over time, as the publication's figure 4. null: none of its cells counts. */
export function overTimeFigure({ timelines }: Results): Figure | null {
  const shown = rows.flatMap((name) => timelines.filter(({ contender }) => contender === name));
  const scenario = scenarios.find(({ name }) => name === 'over-utilised');
  const [first] = shown;
  if (first === undefined || scenario === undefined) return null;
  const [event] = scenario.events ?? [];
  const panels = panelsOf(shown);
  const mostShare = shown.some(({ shares }) => shares.flat().some((share) => (share ?? 0) > 0.6)) ? 1 : 0.6;
  const title = titleOf(
    `Weights and utilisation: ${scenario.title}`,
    `Shaded: other processes burn the CPU of ${event?.servers.join(', ') ?? 'a server'}. Means of half seconds of one run.`,
  );
  const svg = renderSvg(
    {
      title: [title, ...panels.map(titleOfPanel)],
      legend: { ...legendOf(first.servers.map(legendName), 26), top: 50, left: 54, icon: 'rect' },
      grid: panels.map(({ place }) => place),
      xAxis: panels.map(timeAxis),
      yAxis: panels.map((panel, index) => valuesAxis(panel, index, mostShare)),
      series: panels.flatMap((panel, index) => seriesOf(panel, index, event)),
    },
    width,
    top + shown.length * rowHeight,
  );
  return { name: 'figure-4', svg, alt: `Weights and CPU utilisation over time: ${scenario.title}` };
}

function panelsOf(shown: readonly Timeline[]): Panel[] {
  return shown.flatMap((timeline, row) =>
    columns.map((column) => ({
      timeline,
      column,
      isLowest: row === shown.length - 1,
      place: { left: column.left, top: top + row * rowHeight, ...panelSize },
    })),
  );
}

function titleOfPanel({ timeline, column, place }: Panel) {
  return panelTitleOf(`${timeline.contender}: ${column.title}`, place.left - 4, place.top);
}

function timeAxis({ timeline, isLowest }: Panel, gridIndex: number) {
  return {
    ...valueAxis(smallText),
    ...axisName(isLowest ? 'seconds' : '', 26),
    gridIndex,
    max: timeline.durationMs / 1_000,
    interval: 2,
    splitLine: { show: false },
  };
}

function valuesAxis({ column }: Panel, gridIndex: number, mostShare: number) {
  const scale = column.values === 'shares' ? { max: mostShare, interval: mostShare / 4 } : { max: 1.2, interval: 0.4 };
  return { ...shareAxis(smallText), ...axisName(column.axis, 40, smallText), ...scale, gridIndex };
}

/** One line per server; the first one also shades the time of the fault. */
function seriesOf({ timeline, column }: Panel, index: number, event: Event | undefined): LineSeriesOption[] {
  const data: Shading = event === undefined ? [] : [[{ xAxis: event.fromMs / 1_000 }, { xAxis: event.toMs / 1_000 }]];
  const markArea = { silent: true, itemStyle: { color: faultColor }, data };
  return timeline.servers.map((server, number) => ({
    ...lineOf(timeline, timeline[column.values][number] ?? [], number, column.values === 'shares'),
    name: legendName(server),
    xAxisIndex: index,
    yAxisIndex: index,
    ...(number === 0 ? { markArea } : {}),
  }));
}

type Shading = NonNullable<NonNullable<LineSeriesOption['markArea']>['data']>;

function lineOf({ atMs }: Timeline, values: readonly (number | null)[], server: number, isStep: boolean) {
  const color = serverColors[server % serverColors.length] ?? ink;
  return {
    type: 'line' as const,
    data: values.map((value, index) => [(atMs[index] ?? 0) / 1_000, value === null ? null : round(value)]),
    showSymbol: false,
    ...(isStep ? { step: 'middle' as const } : {}),
    lineStyle: { color, width: 1.8 },
    itemStyle: { color },
  };
}

/** More digits cannot be seen, but make the file longer. */
function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

function legendName({ name, cores }: Timeline['servers'][number]): string {
  return `${name} (${Number(cores.toPrecision(3))} CPUs)`;
}
