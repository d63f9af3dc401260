import test from 'ava';
import type { ContenderName } from '../../../../lab/evaluation/contenders.ts';
import { statisticsOf } from '../../../../lab/evaluation/report/cell-statistics.ts';
import { figuresOf } from '../../../../lab/evaluation/report/figures/all.ts';
import { failedFigure } from '../../../../lab/evaluation/report/figures/failed.ts';
import { heatMapFigure } from '../../../../lab/evaluation/report/figures/heat-map.ts';
import { drawn } from '../../../../lab/evaluation/report/figures/style.ts';
import type { Results } from '../../../../lab/evaluation/report/results.ts';
import { timelineOf } from '../../../../lab/evaluation/report/timeline.ts';
import { type ScenarioName, scenarioNames } from '../../../../lab/evaluation/scenarios.ts';
import { cellOf, madeUpCell, requestsOf, run } from './results-folder.ts';
import { shapeWidths } from './shape-widths.ts';
import { flawOfXml } from './well-formed.ts';

const contenders = ['roundrobin', 'leastconn', 'paper+roundrobin', 'capacity+leastconn'] as const;

function madeUp(scenarios: readonly ScenarioName[], names: readonly ContenderName[] = contenders): Results {
  const cells = scenarios.flatMap((scenario) =>
    names.flatMap((contender) => [1, 2, 3].map((repetition) => madeUpCell(scenario, contender, repetition))),
  );
  const timelines = cells
    .filter(({ scenario, repetition }) => scenario === 'over-utilised' && repetition === 1)
    .map(timelineOf);
  return { run, cells: cells.map(statisticsOf), discarded: [], missing: 0, timelines };
}

const all = madeUp(scenarioNames);

test('every figure is well-formed, small, on white, and has no interactive part', (t) => {
  const figures = figuresOf(all);
  t.deepEqual(
    figures.map(({ name }) => name),
    [
      'overview-mean',
      'overview-p99',
      'figure-4',
      'figure-5-1',
      'figure-5-2',
      'figure-5-3',
      'figure-6',
      'figure-7-135',
      'figure-7-188',
      'figure-7-240',
    ],
  );
  for (const { name, svg, alt } of figures) {
    t.is(flawOfXml(svg), null, name);
    t.true(svg.length < 100_000, `${name}: ${svg.length}`);
    t.regex(svg, /^<svg [^>]*>\n<title>[^<]+<\/title>\n<rect [^>]*fill="#ffffff"/, name);
    t.notRegex(svg, /<style|<script|pointer-events|ecmeta|class=|NaN|undefined|Infinity/, name);
    t.notRegex(alt, /[[\]]/);
  }
});

test('every figure has a title in words', (t) => {
  for (const { alt, svg } of figuresOf(all)) t.true(svg.includes(`>\n<title>${alt}</title>`), alt);
});

test('the same results give the same bytes', (t) => {
  const once = figuresOf(all);
  heatMapFigure(madeUp(['fails-fast']), 'p99');
  t.deepEqual(figuresOf(all), once);
});

test('every reference within a figure has its target', (t) => {
  for (const { name, svg } of figuresOf(all)) {
    const ids = [...svg.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    const references = [...svg.matchAll(/url\(#([^)]+)\)/g)].map(([, id]) => id);
    t.deepEqual(
      references.filter((id) => !ids.includes(id)),
      [],
      name,
    );
    t.is(new Set(ids).size, ids.length, name);
  }
});

test('a missing measurement is not drawn', (t) => {
  t.deepEqual(figuresOf({ ...all, cells: [], timelines: [] }), []);
  t.deepEqual(
    figuresOf(madeUp(['flash-188', 'steady-50'])).map(({ name }) => name),
    ['overview-mean', 'overview-p99', 'figure-7-188'],
  );
});

test('distributions name each contender with its share within a second, and the scenario', (t) => {
  const outcomes = [
    [10, 200],
    [900, 200],
    [1_100, 200],
    [5, 503],
  ] as const;
  const cells = [1, 2].map((repetition) =>
    statisticsOf(cellOf({ scenario: 'removed-2', contender: 'leastconn', repetition, requests: requestsOf(outcomes) })),
  );
  const [, , drawn] = figuresOf({ ...all, cells, timelines: [] });
  t.is(drawn?.name, 'figure-5-2');
  const texts = textsOf(drawn?.svg ?? '');
  t.true(texts.includes('leastconn  50.0 %'), texts.join());
  t.true(texts.includes('Response times: 2 of 5 servers removed'));
  t.true(texts.includes('1 s'));
  t.false(texts.some((text) => text.includes('roundrobin')));
});

test('heat maps have the median p99 and mean of every cell, or a dash', (t) => {
  const cell = (scenario: ScenarioName, contender: ContenderName, repetition: number, ms: number) =>
    statisticsOf(
      cellOf({
        scenario,
        contender,
        repetition,
        requests: requestsOf([
          [ms / 2, 200],
          [ms, 200],
        ]),
      }),
    );
  const cells = [
    cell('steady-50', 'roundrobin', 1, 8.26),
    cell('steady-50', 'roundrobin', 2, 900),
    cell('steady-50', 'roundrobin', 3, 1),
    cell('fails-fast', 'roundrobin', 1, 1_240),
    cell('fails-fast', 'leastconn', 1, 12_400),
  ];
  const texts = textsOf(heatMapFigure({ ...all, cells }, 'p99')?.svg ?? '');
  t.deepEqual(
    ['8.3', '1.2k', '–', '12k', 'steady-50', 'fails-fast', 'roundrobin', 'leastconn'].filter(
      (text) => !texts.includes(text),
    ),
    [],
    texts.join(),
  );
  const means = textsOf(heatMapFigure({ ...all, cells }, 'mean')?.svg ?? '');
  t.true(
    ['6.2', '930', '9.3k'].every((text) => means.includes(text)),
    means.join(),
  );
});

test('failed requests have a bar for each contender, as long as its median, or the words not measured', (t) => {
  const cell = (scenario: ScenarioName, contender: ContenderName, failed: number, repetition: number) =>
    statisticsOf(
      cellOf({
        scenario,
        contender,
        repetition,
        requests: requestsOf(Array.from({ length: 100 }, (_, index) => [9, index < failed ? 0 : 200] as const)),
      }),
    );
  const cells = [
    ...[10, 20, 30].map((failed, index) => cell('removed-1', 'roundrobin', failed, index + 1)),
    cell('removed-1', 'leastconn', 40, 1),
    cell('removed-2', 'leastconn', 50, 1),
  ];
  const svg = failedFigure({ ...all, cells })?.svg ?? '';
  t.is(textsOf(svg).filter((text) => text === 'not measured').length, 1);
  const widths = ['roundrobin', 'leastconn'].flatMap((name) =>
    shapeWidths(svg, drawn.find((each) => each.name === name)?.color ?? ''),
  );
  const [first = 0] = widths;
  t.deepEqual(
    widths.map((width) => Math.round((20 * width) / first)),
    [20, 40, 50],
    svg,
  );
});

test('figures over time show weights as shares of their sum, in means of half seconds', (t) => {
  const samples = {
    atMs: [0, 499, 500, 1_600],
    weights: [
      [10, 30, 0, 256],
      [30, 10, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
    utilisation: [
      [0.2, 0.4, 1, 0.1],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
    up: [1, 2, 3, 4, 5].map(() => [1, 1, 1, 1]),
  };
  const { atMs, shares, utilisation } = timelineOf(cellOf({ durationMs: 2_000, samples }));
  t.deepEqual(atMs, [250, 750, 1_250, 1_750]);
  t.deepEqual(shares[0], [0.5, 0, null, 1]);
  t.deepEqual(shares[1], [0.5, 0, null, 0]);
  t.deepEqual(
    utilisation[0]?.map((value) => value?.toFixed(3)),
    ['0.300', '1.000', undefined, '0.100'],
  );
});

function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text.replaceAll('&nbsp;', ' '));
}
