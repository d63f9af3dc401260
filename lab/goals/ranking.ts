import type { FleetName } from '../../testbed/simulator/fleets.ts';
import type { Balance } from '../../testbed/simulator/schema.ts';
import type { ContenderName } from './cell.ts';
import type { Measure } from './measure.ts';
import { cellOf, het, latencies, markdown, type Row, type Table, type Where } from './table.ts';

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

function share(title: string, where: Where, figure: 'withinSecond' | 'failed') {
  const text = (row: Row, measure: Measure) => (100 * measure.value(cellOf(row, where), figure)).toFixed(1);
  return { title, text };
}

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
