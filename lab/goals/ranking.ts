import { milliseconds } from '../../shared/terminal/format.ts';
import type { FleetName } from '../../testbed/simulator/fleets.ts';
import type { Balance } from '../../testbed/simulator/schema.ts';
import { markdownTable } from '../support/markdown.ts';
import type { Cell, ContenderName } from './cell.ts';
import type { Measure } from './measure.ts';

interface Table {
  readonly title: string;
  readonly columns: readonly { readonly title: string; readonly text: (row: Row, measure: Measure) => string }[];
  readonly rows: readonly Row[];
}

interface Row {
  readonly title: string;
  readonly contender: ContenderName;
  readonly balance: Balance;
}

const balances: readonly Balance[] = ['roundrobin', 'leastconn', 'random'];

const contenders: readonly (readonly [string, ContenderName])[] = [
  ['equal weights', 'equal-weights'],
  ['true capacities, fixed', 'static'],
  ['true capacities, followed', 'oracle'],
  ['`paper`', 'policy:paper'],
  ['`stress`', 'policy:stress'],
  ['`pick-one`', 'policy:pick-one'],
  ['`equal`', 'policy:equal'],
  ['`inverse-load`', 'policy:inverse-load'],
  ['`capacity`', 'policy:capacity'],
  ['`adaptive`', 'policy:adaptive'],
];

function rowsOf(some: readonly (readonly [string, ContenderName])[], under: readonly Balance[]): Row[] {
  return under.flatMap((balance) =>
    some.map(([title, contender]) => ({ title: `${title}, ${balance}`, contender, balance })),
  );
}

type Where = Pick<Cell, 'fleet' | 'demandMs' | 'scenario' | 'haproxys'>;

function latencies(title: string, where: Where) {
  const text = ({ contender, balance }: Row, measure: Measure) => {
    const cell = { ...where, contender, balance };
    return `${milliseconds(measure.value(cell, 'meanMs'))} / ${milliseconds(measure.value(cell, 'p99Ms'))}`;
  };
  return { title, text };
}

function share(title: string, where: Where, figure: 'withinSecond' | 'failed') {
  const text = ({ contender, balance }: Row, measure: Measure) =>
    (100 * measure.value({ ...where, contender, balance }, figure)).toFixed(1);
  return { title, text };
}

const het = (scenario: string): Where => ({ fleet: 'het', demandMs: 20, scenario });

function evenness(fleet: FleetName) {
  return (['steady-70', 'steady-85', 'flash-150', 'crash-1'] as const).map((scenario) =>
    latencies(`${fleet} ${scenario}`, { fleet, demandMs: 20, scenario }),
  );
}

const plain = contenders.filter(([, name]) =>
  ['equal-weights', 'policy:inverse-load', 'policy:capacity', 'policy:adaptive'].includes(name),
);

const tables: readonly Table[] = [
  {
    title: 'Unequal servers (het: 1, 2, 2, 4, 4 cores), 20 ms: mean / p99 in ms',
    columns: [
      latencies('70 %', het('steady-70')),
      latencies('85 %', het('steady-85')),
      share('within 1 s at 95 %', het('steady-95'), 'withinSecond'),
      latencies('flash 150 %', het('flash-150')),
      latencies('noisy', het('noisy')),
      latencies('hidden', het('hidden')),
      latencies('frozen', het('frozen')),
      share('fails-fast, failed %', het('fails-fast'), 'failed'),
    ],
    rows: rowsOf(contenders, balances),
  },
  {
    title: 'Nearly equal servers (mild: 5 x 2 cores at speeds 0.8 to 1.2), 20 ms: mean / p99 in ms',
    columns: evenness('mild'),
    rows: rowsOf(plain, balances),
  },
  {
    title: 'Equal servers (hom: 5 x 2 cores), 20 ms: mean / p99 in ms',
    columns: evenness('hom'),
    rows: rowsOf(plain, balances),
  },
  {
    title: 'Twenty servers of 1 to 8 cores, 20 ms: mean / p99 in ms',
    columns: (['steady-70', 'noisy'] as const).map((scenario) =>
      latencies(scenario, { fleet: 'twenty', demandMs: 20, scenario }),
    ),
    rows: rowsOf(plain, balances),
  },
  {
    title: 'Several HAProxys in front of het at 70 %, 20 ms: mean / p99 in ms',
    columns: [1, 2, 4, 8].map((haproxys) => latencies(`${haproxys}`, { ...het('steady-70'), haproxys })),
    rows: rowsOf(plain, ['leastconn', 'random']),
  },
];

/** Every table as Markdown. */
export function rankingTables(measure: Measure): string {
  return tables.map((table) => markdown(table, measure)).join('\n\n');
}

function markdown({ title, columns, rows }: Table, measure: Measure): string {
  const table = markdownTable(
    ['weights, `balance`', ...columns.map((column) => column.title)],
    rows.map((row) => [row.title, ...columns.map(({ text }) => text(row, measure))]),
    { numbers: true },
  );
  return `**${title}**\n\n${table}`;
}
