import type { BarSeriesOption, CustomSeriesOption } from 'echarts';
import type { ContenderName } from '../../contenders.ts';
import { type ScenarioName, scenarios } from '../../scenarios.ts';
import { contendersIn, measured, type Results } from '../results.ts';
import type { Spread } from '../spread.ts';
import type { Figure } from './figure.ts';
import { renderSvg } from './render.ts';
import { axisName, drawn, faintInk, ink, namesAxis, panelTitleOf, smallText, titleOf, valueAxis } from './style.ts';

const shown = ['removed-1', 'removed-2', 'removed-3'] as const satisfies readonly ScenarioName[];
const plain = '#b4b4b4';

const width = 920;
const rowHeight = 21;
const panel = { top: 92, left: 186, width: 208, gap: 30 } as const;

/** Failed requests, as the publication's figure 6: one bar per contender, with the least and the most of its repetitions. */
export function failedFigure(results: Results): Figure | null {
  const present = shown.filter((scenario) => contendersIn(results, scenario).length > 0);
  if (present.length === 0) return null;
  const names = contendersIn({ cells: results.cells.filter(({ scenario }) => isShown(scenario)) });
  const spreads = present.map((scenario) => names.map((name) => measured(results, scenario, name, 'failed')));
  const most = Math.max(1, ...spreads.flat().map((spread) => spread?.max ?? 0));
  const title = titleOf(
    'Failed requests while servers are removed',
    'Requests not answered 200; median, and the least and most of the repetitions. Coloured: the contenders of figure 5.',
  );
  const height = names.length * rowHeight;
  const svg = renderSvg(
    {
      title: [title, ...present.map((scenario, index) => panelTitleOf(titleIn(scenario), leftOf(index), panel.top))],
      grid: present.map((_, index) => ({ left: leftOf(index), top: panel.top, width: panel.width, height })),
      xAxis: present.map((_, gridIndex) => ({
        ...valueAxis(smallText),
        ...axisName('failed requests', 26),
        gridIndex,
        max: niceCeiling(most),
        splitNumber: 4,
        axisLabel: { ...smallText, hideOverlap: true },
      })),
      yAxis: present.map((_, gridIndex) => {
        const axis = namesAxis(names);
        return { ...axis, gridIndex, inverse: true, axisLabel: { ...axis.axisLabel, show: gridIndex === 0 } };
      }),
      series: spreads.flatMap((each, index) => [barsOf(names, each, index), whiskersOf(each, index)]),
    },
    width,
    panel.top + height + 52,
  );
  return { name: 'figure-6', svg, alt: 'Failed requests by contender while 1, 2 and 3 of 5 servers are removed' };
}

function leftOf(index: number): number {
  return panel.left + index * (panel.width + panel.gap);
}

function titleIn(scenario: ScenarioName): string {
  return scenarios.find(({ name }) => name === scenario)?.title ?? scenario;
}

function isShown(scenario: ScenarioName): boolean {
  return shown.some((name) => name === scenario);
}

function barsOf(names: readonly ContenderName[], spreads: readonly (Spread | null)[], index: number): BarSeriesOption {
  return {
    type: 'bar',
    xAxisIndex: index,
    yAxisIndex: index,
    barWidth: '64%',
    data: names.map((name, row) => ({
      value: spreads[row]?.median ?? 0,
      ...(spreads[row] ? {} : { label: notMeasured }),
      itemStyle: { color: drawn.find((each) => each.name === name)?.color ?? plain, opacity: 0.7 },
    })),
  };
}

const notMeasured = {
  show: true,
  position: 'right' as const,
  formatter: 'not measured',
  fontSize: 10,
  color: faintInk,
};

/** A line from the least to the most, with a stroke across each end. */
function whiskersOf(spreads: readonly (Spread | null)[], index: number): CustomSeriesOption {
  return {
    type: 'custom',
    xAxisIndex: index,
    yAxisIndex: index,
    z: 5,
    encode: { x: [0, 1], y: 2 },
    data: spreads.flatMap((spread, row) =>
      spread === null || spread.min === spread.max ? [] : [[spread.min, spread.max, row]],
    ),
    renderItem: (_, api) => {
      const at = (dimension: number): [number, number] => {
        const [x = 0, y = 0] = api.coord([api.value(dimension), api.value(2)]);
        return [x, y];
      };
      const [left, y] = at(0);
      const [right] = at(1);
      const line = (x1: number, y1: number, x2: number, y2: number) => ({
        type: 'line' as const,
        shape: { x1, y1, x2, y2 },
        style: { stroke: ink, lineWidth: 1.2 },
      });
      return {
        type: 'group',
        children: [line(left, y, right, y), line(left, y - 4, left, y + 4), line(right, y - 4, right, y + 4)],
      };
    },
  };
}

/** The next of 1, 2, 5 times a power of ten. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5].find((factor) => factor * power >= value) ?? 10);
}
