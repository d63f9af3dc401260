import { Command } from 'commander';
import { runProgram } from '../../shared/process/run-program.ts';
import type { FleetName } from '../../testbed/simulator/fleets.ts';
import type { ContenderName } from './cell.ts';
import type { LimitsName } from './limits.ts';
import { printTables } from './print-tables.ts';
import { seedCount } from './seed-count.ts';
import { type Column, latencies, type Row, type Table } from './table.ts';

/** Length of the scenarios of constant load, in s: at 95 % queues last for many seconds. */
const steadySeconds = 300;
const charged = ['chargedMeanMs', 'chargedP99Ms'] as const;
const capacities = ['true capacities, followed', 'oracle'] as const;
const equal = ['equal weights', 'equal-weights'] as const;
const bounds: readonly LimitsName[] = ['bound-0.1', 'bound-0.25'];

const titles: Readonly<Record<LimitsName, string>> = {
  'bound-0.1': 'bound e = 0.1',
  'bound-0.25': 'bound e = 0.25',
  'per-core-3': '3 a core',
  'two-each': '2 each',
  learned: 'learned',
};

/** Without limits, and with each of these. */
function rows(
  [title, contender]: readonly [string, ContenderName],
  balance: Row['balance'],
  limits: readonly LimitsName[],
): Row[] {
  const plain = { title: `${title}, ${balance}`, contender, balance };
  return [plain, ...limits.map((name) => ({ ...plain, title: `${plain.title}, ${titles[name]}`, limits: name }))];
}

function columns(fleet: FleetName, scenarios: readonly string[], withRetries: readonly string[] = []): Column[] {
  const where = (scenario: string) => ({ fleet, demandMs: 20, scenario });
  return [
    ...scenarios.map((name) => latencies(name, where(name), charged)),
    ...withRetries.map((name) => latencies(`${name}, retries`, { ...where(name), fastPath: true }, charged)),
  ];
}

const usual = ['steady-70', 'steady-85', 'steady-95', 'flash-150', 'hidden', 'noisy'];
const mayHarm = ['io150', 'io-appears', 'slow-tenth', 'crash-1'];
const failing = ['crash-1', 'fails-fast'];

const knowing: readonly Row[] = [
  ...rows(['`capacity`', 'policy:capacity'], 'roundrobin', []),
  ...rows(equal, 'roundrobin', [...bounds, 'per-core-3']),
  ...rows(capacities, 'roundrobin', [...bounds, 'per-core-3']),
  ...rows(equal, 'leastconn', ['bound-0.1', 'per-core-3']),
  ...rows(capacities, 'leastconn', ['bound-0.1', 'per-core-3']),
  ...rows(equal, 'random', ['bound-0.1']),
  ...rows(capacities, 'random', ['bound-0.1']),
];
const oneByOne: readonly Row[] = [
  ...rows(['`inverse-load`', 'policy:inverse-load'], 'roundrobin', ['two-each']),
  ...rows(['`capacity`', 'policy:capacity'], 'roundrobin', ['two-each']),
  ...rows(['`capacity`', 'policy:capacity'], 'leastconn', ['two-each']),
  ...rows(equal, 'leastconn', ['bound-0.1', 'two-each']),
  ...rows(capacities, 'roundrobin', ['bound-0.1', 'two-each']),
  ...rows(capacities, 'leastconn', ['bound-0.1', 'two-each']),
];

const tables: readonly Table[] = [
  { title: 'Servers that share their cores (het: 1, 2, 2, 4, 4)', rows: knowing, columns: columns('het', usual) },
  { title: 'The same where limits may harm', rows: knowing, columns: columns('het', mayHarm, failing) },
  {
    title: 'Servers that run one request after the other (serial: speeds 1, 2, 2, 4, 4)',
    rows: oneByOne,
    columns: columns('serial', [...usual, 'io150'], failing),
  },
];

const flags = new Command('simulate:limits')
  .description('compare limits of servers in the simulator: the tables of docs/simulation.md')
  .option('--seeds <count>', 'runs of each cell, with seeds 1 to COUNT; 1 to 1000', '5')
  .parse()
  .opts<{ readonly seeds: string }>();

await runProgram('simulate:limits', async () => {
  await printTables(tables, seedCount(flags.seeds), { steadySeconds });
  return 0;
});
