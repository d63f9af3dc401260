import { Command } from 'commander';
import { runProgram } from '../../shared/process/run-program.ts';
import { type RivalName, rivalNames } from '../../testbed/simulator/rivals/names.ts';
import type { Balance } from '../../testbed/simulator/schema.ts';
import { printTables } from './print-tables.ts';
import { seedCount } from './seed-count.ts';
import { type Column, latencies, type Row, type Table, type Where } from './table.ts';

/**
 * In s. Robinhood and gRPC take half a minute to find the weights of unequal servers and to drain what has queued meanwhile, so
 * the warm-up is longer than elsewhere.
 */
const lengths = { steadySeconds: 90, warmupSeconds: 60 };
const balances: readonly Balance[] = ['roundrobin', 'leastconn', 'random'];

const titles: Readonly<Record<RivalName, string>> = {
  prequal: 'Prequal',
  'peak-ewma': 'power of two choices, peak EWMA',
  'grpc-wrr': 'gRPC weighted round robin',
  robinhood: 'Robinhood',
};

const none = balances.map((balance): Row => ({ title: `no controller, ${balance}`, contender: 'none', balance }));
const own = balances.map((balance): Row => {
  return { title: `\`adaptive\`, ${balance}`, contender: 'policy:adaptive', balance };
});
const limited = balances.map((balance): Row => {
  return { title: `\`adaptive\`, ${balance}, limits`, contender: 'policy:adaptive', balance, limits: 'learned' };
});
const ideal: Row = { title: 'true capacities, followed, leastconn', contender: 'oracle', balance: 'leastconn' };
/** They are in place of HAProxy's algorithm, so under any of them the same. */
const rivals = rivalNames.map((name): Row => {
  return { title: titles[name], contender: `rival:${name}`, balance: 'roundrobin' };
});
const rows = [...none, ...own, ...limited, ideal, ...rivals];

/** Every failure counts with the time-out: otherwise a balancer that fails at once looks fast. */
function charged(title: string, where: Where): Column {
  return latencies(title, where, ['chargedMeanMs', 'chargedP99Ms']);
}

type Place = Pick<Where, 'fleet' | 'demandMs' | 'haproxys'>;

function steady(place: Place, percents: readonly number[], suffix = ''): Column[] {
  return percents.map((percent) => charged(`${percent} %${suffix}`, { ...place, scenario: `steady-${percent}` }));
}

function failsFast(place: Place): Column[] {
  const where = { ...place, scenario: 'fails-fast' };
  return [charged('fails-fast', where), charged('fails-fast, retries', { ...where, fastPath: true })];
}

function all(place: Place): Column[] {
  const troubles = ['flash-150', 'noisy', 'hidden'].map((scenario) => charged(scenario, { ...place, scenario }));
  return [...steady(place, [50, 70, 85, 95]), ...troubles, ...failsFast(place)];
}

const hundred: Place = { fleet: 'hundred', demandMs: 100 };
const halves: Place = { fleet: 'halves', demandMs: 100 };

const tables: readonly Table[] = [
  {
    title: 'Unequal servers (het: 1, 2, 2, 4, 4 cores), 20 ms: mean / p99 in ms',
    columns: all({ fleet: 'het', demandMs: 20 }),
    rows,
  },
  {
    title: 'Equal servers (hom: 5 x 2 cores), 20 ms: mean / p99 in ms',
    columns: all({ fleet: 'hom', demandMs: 20 }),
    rows,
  },
  {
    title: 'A hundred servers (twenty times het), 100 ms: mean / p99 in ms',
    columns: [...steady(hundred, [70, 95]), ...failsFast(hundred)],
    rows,
  },
  {
    title: 'Twenty servers, every fifth half as fast, behind 1 and 16 HAProxys or clients, 100 ms: mean / p99 in ms',
    columns: [1, 16].flatMap((haproxys) => steady({ ...halves, haproxys }, [70, 85], `, ${haproxys}`)),
    rows,
  },
];

const flags = new Command('simulate:rivals')
  .description('compare with the balancers of large fleets in the simulator: the tables of docs/policies.md')
  .option('--seeds <count>', 'runs of each cell, with seeds 1 to COUNT; 1 to 1000', '3')
  .parse()
  .opts<{ readonly seeds: string }>();

await runProgram('simulate:rivals', async () => {
  await printTables(tables, seedCount(flags.seeds), lengths);
  return 0;
});
