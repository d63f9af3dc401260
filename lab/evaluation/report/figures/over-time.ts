import type { LineSeriesOption } from 'echarts';
import type { ContenderName } from '../../contenders.ts';
import { scenarios } from '../../scenarios.ts';
import type { Results } from '../results.ts';
import type { Timeline } from '../timeline.ts';
import type { Figure } from './figure.ts';
import { renderSvg } from './render.ts';
import { faintInk, faultColor, fontSize, gridLine, ink, serverColors, titleOf } from './style.ts';

/** A row each. */
const rows: readonly ContenderName[] = [
  'roundrobin',
  'paper+roundrobin',
  'inverse-load+roundrobin',
  'capacity+leastconn',
];

const width = 920;
const top = 104;
const rowHeight = 190;
const panel = { height: 122, lefts: [62, 512], width: 380 } as const;

/** Weights and utilisation over time, as the publication's figure 4. null: none of its cells counts. */
export function overTimeFigure({ timelines }: Results): Figure | null {
  const shown = rows.flatMap((name) => timelines.filter(({ contender }) => contender === name));
  const scenario = scenarios.find(({ name }) => name === 'over-utilised');
  const [first] = shown;
  if (first === undefined || scenario === undefined) return null;
  const [event] = scenario.events ?? [];
  const fault = event === undefined ? [] : [[{ xAxis: event.fromMs / 1_000 }, { xAxis: event.toMs / 1_000 }]];
  const panels = shown.flatMap((timeline, row) => [
    { timeline, row, column: 0, values: timeline.shares, what: 'share of weight' },
    { timeline, row, column: 1, values: timeline.utilisation, what: 'CPU / quota' },
  ]);
  const place = ({ row, column }: { row: number; column: number }) => ({
    left: panel.lefts[column] ?? 0,
    top: top + row * rowHeight,
    width: panel.width,
    height: panel.height,
  });
  const shares = shown.flatMap((timeline) => timeline.shares.flat()).map((share) => share ?? 0);
  const mostShare = Math.max(...shares) > 0.6 ? 1 : 0.6;
  const svg = renderSvg(
    {
      title: [
        titleOf(
          `Weights and utilisation: ${scenario.title}`,
          `Shaded: other processes burn the CPU of ${event?.servers.join(', ') ?? 'a server'}. Means of half seconds of one run.`,
        ),
        ...panels.map((each) => ({
          text: `${each.timeline.contender}: ${each.column === 0 ? 'weights' : 'utilisation of CPU'}`,
          left: place(each).left - 4,
          top: place(each).top - 24,
          padding: 0,
          textStyle: { fontSize, color: ink },
        })),
      ],
      legend: {
        top: 50,
        left: 54,
        itemWidth: 26,
        itemHeight: 2,
        icon: 'rect',
        textStyle: { fontSize, color: ink },
        data: first.servers.map(legendName),
      },
      grid: panels.map(place),
      xAxis: panels.map((each, gridIndex) => ({
        gridIndex,
        type: 'value' as const,
        min: 0,
        max: each.timeline.durationMs / 1_000,
        interval: 2,
        name: each.row === shown.length - 1 ? 'seconds' : '',
        nameLocation: 'middle' as const,
        nameGap: 26,
        nameTextStyle: { fontSize, color: ink },
        axisLabel: { fontSize: fontSize - 1, color: faintInk },
        splitLine: { show: false },
      })),
      yAxis: panels.map(({ what, column }, gridIndex) => ({
        gridIndex,
        type: 'value' as const,
        min: 0,
        ...(column === 1 ? { max: 1.2, interval: 0.4 } : { max: mostShare, interval: mostShare / 4 }),
        name: what,
        nameLocation: 'middle' as const,
        nameGap: 40,
        nameTextStyle: { fontSize: fontSize - 1, color: faintInk },
        axisLabel: {
          fontSize: fontSize - 1,
          color: faintInk,
          formatter: (value: number) => `${Math.round(100 * value)} %`,
        },
        splitLine: gridLine,
      })),
      series: panels.flatMap(({ timeline, values, column }, index) =>
        timeline.servers.map((server, number) => ({
          ...lineOf(timeline, values[number] ?? [], number, column === 0),
          name: legendName(server),
          xAxisIndex: index,
          yAxisIndex: index,
          ...(number === 0
            ? { markArea: { silent: true, itemStyle: { color: faultColor }, data: fault } as MarkArea }
            : {}),
        })),
      ),
    },
    width,
    top + shown.length * rowHeight,
  );
  return { name: 'figure-4', svg, alt: `Weights and CPU utilisation over time: ${scenario.title}` };
}

type MarkArea = NonNullable<LineSeriesOption['markArea']>;

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
