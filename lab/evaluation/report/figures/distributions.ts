import type { LineSeriesOption } from 'echarts';
import { type ScenarioName, scenarios } from '../../scenarios.ts';
import { secondMs } from '../cell-statistics.ts';
import { curveOf, pooled } from '../cumulative.ts';
import { formatShare } from '../format.ts';
import { cellsOf, type Results } from '../results.ts';
import type { Figure } from './figure.ts';
import { renderSvg } from './render.ts';
import {
  axisName,
  drawn,
  faintInk,
  fontSize,
  gridLine,
  ink,
  legendOf,
  plainText,
  shareAxis,
  titleOf,
} from './style.ts';

const width = 920;
const height = 460;

interface Curve {
  readonly color: string;
  readonly dash: (typeof drawn)[number]['dash'];
  readonly points: [number, number][];
  readonly label: string;
}

/** As the publication's figures 5 and 7. null: no cell of it counts. */
export function distributionFigure(results: Results, name: string, scenario: ScenarioName): Figure | null {
  const curves = curvesOf(results, scenario);
  if (curves.length === 0) return null;
  const title = scenarios.find((each) => each.name === scenario)?.title ?? scenario;
  const legend = legendOf(
    curves.map(({ label }) => label),
    34,
  );
  const svg = renderSvg(
    {
      title: titleOf(
        `Response times: ${title}`,
        'Share of all requests sent that were answered 200 within that time; all repetitions together.',
      ),
      grid: { left: 64, right: 290, top: 70, bottom: 56 },
      legend: {
        ...legend,
        orient: 'vertical',
        left: 650,
        top: 96,
        itemGap: 13,
        textStyle: { ...plainText, fontSize: fontSize + 0.5 },
      },
      graphic: [legendHead],
      xAxis: {
        ...axisName('response time in ms, from the intended arrival (logarithmic)', 30),
        type: 'log',
        min: 1,
        max: 10_000,
        axisLabel: plainText,
        splitLine: gridLine,
      },
      yAxis: { ...shareAxis(plainText), ...axisName('share of all requests sent', 44), max: 1 },
      series: curves.map((curve, index) => lineOf(curve, index === 0)),
    },
    width,
    height,
  );
  return { name, svg, alt: `Cumulative distribution of response times: ${title}` };
}

function curvesOf(results: Results, scenario: ScenarioName): Curve[] {
  return drawn.flatMap(({ name, color, dash }) => {
    const cells = cellsOf(results, scenario, name);
    if (cells.length === 0) return [];
    const cumulative = pooled(cells.map((cell) => cell.cumulative));
    const within = cells.reduce((sum, cell) => sum + cell.withinSecond * cell.sent, 0) / cumulative.sent;
    return [{ color, dash, points: curveOf(cumulative), label: `${name}  ${formatShare(within)} %` }];
  });
}

function lineOf({ label, color, dash, points }: Curve, isFirst: boolean): LineSeriesOption {
  return {
    name: label,
    type: 'line',
    data: points,
    symbol: 'none',
    lineStyle: { color, type: dash, width: 2 },
    itemStyle: { color },
    ...(isFirst ? { markLine: secondMark } : {}),
  };
}

const legendHead = {
  type: 'text' as const,
  left: 655,
  top: 74,
  style: { text: 'contender, answered within 1 s', fontSize, fill: faintInk },
};

const secondMark: NonNullable<LineSeriesOption['markLine']> = {
  symbol: 'none',
  silent: true,
  lineStyle: { color: ink, type: 'dashed', width: 1 },
  label: { formatter: '1 s', fontSize, color: ink, position: 'end' },
  data: [{ xAxis: secondMs }],
};
