import { lostMs } from '../cell-statistics.ts';
import { contendersIn, measured, type Results, scenariosIn } from '../results.ts';
import type { Figure } from './figure.ts';
import { renderSvg } from './render.ts';
import { faintInk, namesAxis, plainText, smallText, titleOf } from './style.ts';

/** Viridis reversed, so that slow is dark: its steps look even, for every kind of colour vision. */
const colors = ['#fde725', '#90d743', '#35b779', '#21918c', '#31688e', '#443983', '#440154'];
const noneColor = '#eeeeee';

const cell = { width: 56, height: 22 } as const;
const margin = { left: 186, top: 142, right: 16, bottom: 14 } as const;

/** Room for the subtitle. */
const minWidth = 640;

const kinds = {
  mean: { measure: 'chargedMeanMs', title: 'Mean of response times' },
  p99: { measure: 'chargedP99Ms', title: '99th percentile of response times' },
} as const;

interface Value {
  readonly row: number;
  readonly column: number;
  readonly ms: number | null;
}

/** By scenario and contender. null: no cell counts. */
export function heatMapFigure(results: Results, kind: keyof typeof kinds): Figure | null {
  const { measure, title } = kinds[kind];
  const scenarios = scenariosIn(results);
  const contenders = contendersIn(results);
  const values = contenders.flatMap((contender, row) =>
    scenarios.map((scenario, column) => ({
      row,
      column,
      ms: measured(results, scenario, contender, measure)?.median ?? null,
    })),
  );
  if (values.every(({ ms }) => ms === null)) return null;
  const size = { width: scenarios.length * cell.width, height: contenders.length * cell.height };
  const svg = renderSvg(
    {
      title: titleOf(
        `${title}, in ms`,
        `Failed requests count as ${lostMs / 1_000} s. Median of the repetitions; dark is slow, on a logarithmic scale.`,
      ),
      grid: { left: margin.left, top: margin.top, ...size },
      xAxis: { ...bareAxis(scenarios), position: 'top', axisLabel: { ...plainText, rotate: 45, interval: 0 } },
      yAxis: { ...bareAxis(contenders), inverse: true },
      series: [{ type: 'heatmap', data: coloured(values) }],
      // echarts requires it; every cell sets its own colour.
      visualMap: { show: false, min: 0, max: 1, dimension: 2, inRange: {} },
    },
    Math.max(minWidth, margin.left + size.width + margin.right),
    margin.top + size.height + margin.bottom,
  );
  return { name: `overview-${kind}`, svg, alt: `${title} by scenario and contender` };
}

function bareAxis(names: readonly string[]) {
  return { ...namesAxis(names), axisLine: { show: false } };
}

/** Coloured from the fastest to the slowest of them. */
function coloured(values: readonly Value[]) {
  const known = values.flatMap(({ ms }) => (ms === null ? [] : [scaled(ms)]));
  const low = Math.min(...known);
  const tone = (ms: number) => (scaled(ms) - low) / Math.max(1e-9, Math.max(...known) - low);
  return values.map(({ row, column, ms }) => ({
    value: [column, row, ms === null ? 0 : scaled(ms)],
    itemStyle: { color: ms === null ? noneColor : colorAt(tone(ms)), borderColor: '#ffffff', borderWidth: 1 },
    label: {
      show: true,
      formatter: ms === null ? '–' : brief(ms),
      fontSize: smallText.fontSize,
      color: ms === null ? faintInk : tone(ms) < 0.45 ? '#000000' : '#ffffff',
      textBorderWidth: 0,
    },
  }));
}

/** `8.3`, `834`, `1.2k`, `12k`. */
function brief(ms: number): string {
  if (ms < 9.95) return ms.toFixed(1);
  if (ms < 999.5) return ms.toFixed(0);
  return ms < 9_950 ? `${(ms / 1_000).toFixed(1)}k` : `${(ms / 1_000).toFixed(0)}k`;
}

function scaled(ms: number): number {
  return Math.log10(Math.max(1, ms));
}

/** `tone`: 0 to 1. */
function colorAt(tone: number): string {
  const place = Math.min(1, Math.max(0, tone)) * (colors.length - 1);
  const from = channelsOf(colors[Math.floor(place)] ?? noneColor);
  const to = channelsOf(colors[Math.ceil(place)] ?? noneColor);
  const mixed = from.map((value, index) => Math.round(value + (place % 1) * ((to[index] ?? value) - value)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

function channelsOf(color: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16));
}
