import type { LineSeriesOption } from 'echarts';
import { type ScenarioName, scenarios } from '../../scenarios.ts';
import { secondMs } from '../cell-statistics.ts';
import { curveOf, pooled } from '../cumulative.ts';
import { formatShare } from '../format.ts';
import { cellsOf, type Results } from '../results.ts';
import type { Figure } from './figure.ts';
import { renderSvg } from './render.ts';
import { drawn, faintInk, fontSize, gridLine, ink, titleOf } from './style.ts';

const width = 920;
const height = 460;

/** As the publication's figures 5 and 7. null: no cell of it counts. */
export function distributionFigure(results: Results, name: string, scenario: ScenarioName): Figure | null {
  const curves = drawn.flatMap((line) => {
    const cells = cellsOf(results, scenario, line.name);
    if (cells.length === 0) return [];
    const cumulative = pooled(cells.map((cell) => cell.cumulative));
    const within = cells.reduce((sum, cell) => sum + cell.withinSecond * cell.sent, 0) / cumulative.sent;
    return [{ ...line, points: curveOf(cumulative), label: `${line.name}  ${formatShare(within)} %` }];
  });
  if (curves.length === 0) return null;
  const title = scenarios.find((each) => each.name === scenario)?.title ?? scenario;
  const series: LineSeriesOption[] = curves.map(({ label, color, dash, points }) => ({
    name: label,
    type: 'line',
    data: points,
    symbol: 'none',
    lineStyle: { color, type: dash, width: 2 },
    itemStyle: { color },
  }));
  const svg = renderSvg(
    {
      title: titleOf(
        `Response times: ${title}`,
        'Share of all requests sent that were answered 200 within that time; all repetitions together.',
      ),
      grid: { left: 64, right: 290, top: 70, bottom: 56 },
      legend: {
        orient: 'vertical',
        left: 650,
        top: 96,
        itemWidth: 34,
        itemHeight: 2,
        itemGap: 13,
        textStyle: { fontSize: fontSize + 0.5, color: ink },
        data: curves.map(({ label }) => label),
      },
      graphic: [
        {
          type: 'text',
          left: 655,
          top: 74,
          style: { text: 'contender, answered within 1 s', fontSize, fill: faintInk },
        },
      ],
      xAxis: {
        type: 'log',
        min: 1,
        max: 10_000,
        name: 'response time in ms, from the intended arrival (logarithmic)',
        nameLocation: 'middle',
        nameGap: 30,
        nameTextStyle: { fontSize, color: ink },
        axisLabel: { fontSize, color: ink },
        splitLine: gridLine,
      },
      yAxis: {
        type: 'value',
        min: 0,
        max: 1,
        name: 'share of all requests sent',
        nameLocation: 'middle',
        nameGap: 44,
        nameTextStyle: { fontSize, color: ink },
        axisLabel: { fontSize, color: ink, formatter: (value: number) => `${Math.round(100 * value)} %` },
        splitLine: gridLine,
      },
      series: series.map((each, index) => (index === 0 ? { ...each, markLine: secondMark } : each)),
    },
    width,
    height,
  );
  return { name, svg, alt: `Cumulative distribution of response times: ${title}` };
}

const secondMark: NonNullable<LineSeriesOption['markLine']> = {
  symbol: 'none',
  silent: true,
  lineStyle: { color: ink, type: 'dashed', width: 1 },
  label: { formatter: '1 s', fontSize, color: ink, position: 'end' },
  data: [{ xAxis: secondMs }],
};
