import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { defaultGuardSettings } from '../../controller/decide/guard/settings.ts';
import { FastLane } from '../../controller/loop/fast-lane.ts';
import { lookRowsOf } from '../../controller/loop/look-rows.ts';
import { queueOf } from '../../controller/observe/queue.ts';
import { effectivePeriodMs } from '../../shared/contract/effective-period.ts';
import type { Status } from '../../shared/contract/status.ts';
import { median } from '../../shared/math/statistics.ts';
import { backend, type Stack } from '../../testbed/rig/stack.ts';
import { until } from '../../testbed/rig/wait.ts';
import { type ProcessUsage, processUsage } from '../support/process-usage.ts';
import { Fleet, type Size } from './fleet.ts';

const usage = `npm run bench:tick [-- --sizes 10,100,1000 --ticks 15]

What one tick costs: a real controller process and a real HAProxy with that many server lines; 300x2 are 300 backends
of 2 servers. Every server has an address and an agent of its own, asked over HTTP on its own connection; one process
answers for all agents, since a thousand would measure this machine's memory. CPU and memory are what the kernel counted
for the process, without the benchmark's requests, the looks between ticks included. The wall time of a tick is the longest
that the controller reported. A look is one at all backends: HAProxy's answer, and what it says of every server; another
is due after 200 ms, or 20 times that.
`;

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10,100,1000' },
    ticks: { type: 'string', default: '15' },
    help: { type: 'boolean', default: false },
  },
});
const periodMs = 2_000;
/** The first ticks compile the code; they are not counted. */
const warmUpTicks = 5;
/** Ticks between two readings of the controller's status. */
const roundTicks = 5;
/** Ticks of large sizes take longer than their period; they are waited for. */
const mostPeriods = 8;

interface Row extends Size {
  readonly cpuMs: number;
  readonly haproxyCpuMs: number;
  readonly wallMs: number;
  readonly residentMiB: number;
  readonly writeAllMs: number;
  readonly lookMs: number;
}

async function measure(size: Size, rounds: number): Promise<Row> {
  await using fleet = await Fleet.start(size);
  const { stack } = fleet;
  const { haproxy } = stack;
  const controller = await fleet.startController();
  const ticked = async (ticks: number) => {
    const limitMs = mostPeriods * ticks * periodMs;
    const counted = async () => (await statusOf(stack)).ticks >= ticks;
    await delay(ticks * periodMs);
    await until(`${ticks} ticks`, counted, { limitMs });
  };
  await ticked(warmUpTicks);

  const walls: number[] = [];
  let stale = 0;
  const spent = { own: 0, haproxy: 0, residentMiB: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const before = [processUsage(controller.pid), processUsage(haproxy.pid)] as const;
    await delay(roundTicks * periodMs);
    const after = [processUsage(controller.pid), processUsage(haproxy.pid)] as const;
    spent.own += cpuBetween(before[0], after[0]);
    spent.haproxy += cpuBetween(before[1], after[1]);
    spent.residentMiB = Math.max(spent.residentMiB, after[0].residentMiB);
    const status = await statusOf(stack);
    walls.push(status.lastTickDurationMs ?? Number.NaN);
    stale += status.backends.flatMap((each) => each.servers).filter(({ agent }) => agent.state === 'stale').length;
  }
  if (stale > 0) throw new Error(`${stale} agents did not answer, so the measurement is not valid`);
  const wallMs = Math.max(...walls);
  const counted = (rounds * roundTicks * periodMs) / effectivePeriodMs(periodMs, wallMs);
  const lookMs = await timeLook(stack, size);
  const startedMs = performance.now();
  await haproxy.api.setWeights(
    backend,
    Array.from({ length: size.servers }, (_, index) => ({ server: `s${index}`, weight: 1 + (index % 200) })),
  );
  return {
    ...size,
    cpuMs: spent.own / counted,
    haproxyCpuMs: spent.haproxy / counted,
    wallMs,
    residentMiB: spent.residentMiB,
    writeAllMs: performance.now() - startedMs,
    lookMs,
  };
}

/** The median of some, in ms. */
async function timeLook({ haproxy }: Stack, { backends, servers }: Size): Promise<number> {
  const lane = new FastLane(defaultGuardSettings, () => performance.now());
  const order = { full: 100, undrained: 100, capacity: 100, size: 1, machine: '', refusing: 0, limit: null };
  const names = Array.from({ length: servers }, (_, index) => `s${index}`);
  lane.decided(new Map(names.map((name) => [name, order])), new Map(names.map((name) => [name, 100])), new Set());
  const times: number[] = [];
  for (let look = 0; look < 21; look += 1) {
    const startedMs = performance.now();
    const rows = await haproxy.api.stats(backend);
    if (rows.ok) lane.look(lookRowsOf(rows.value), queueOf(rows.value));
    times.push(performance.now() - startedMs);
  }
  return backends * (median(times) ?? Number.NaN);
}

/** A loop of thousands of servers may be too busy to answer in time, which is a 503. */
async function statusOf(stack: Stack): Promise<Status> {
  return await until('the status', () => stack.status().catch(() => null));
}

function cpuBetween(before: ProcessUsage, after: ProcessUsage): number {
  return after.cpuMs - before.cpuMs;
}

/** `1000`, or `300x2`: backends, and servers of each. */
function sizeOf(text: string): Size {
  const [first = 1, second] = text.split('x').map(Number);
  return second === undefined ? { backends: 1, servers: first } : { backends: first, servers: second };
}

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const rounds = Math.max(1, Math.round(Number(values.ticks) / roundTicks));
  const rows: Row[] = [];
  for (const text of values.sizes.split(',')) {
    process.stderr.write(`${text}: ${warmUpTicks} ticks to warm up, ${rounds * roundTicks} periods counted ...\n`);
    rows.push(await measure(sizeOf(text), rounds));
  }
  const number = (value: number) => value.toFixed(1).padStart(12);
  const lines = rows.map(
    (row) =>
      `${row.backends} x ${row.servers}`.padStart(11) +
      [row.cpuMs, row.wallMs, row.residentMiB, row.haproxyCpuMs, row.writeAllMs, row.lookMs].map(number).join(''),
  );
  const titles = ['servers', 'CPU ms/tick', ' wall ms', 'RSS MiB', 'HAProxy CPU', 'write all', 'look ms'];
  const head = titles.map((title, index) => title.padStart(index === 0 ? 11 : 12)).join('');
  process.stdout.write(`${usage.split('\n\n')[1]}\n\n${head}\n${lines.join('\n')}\n`);
  process.stdout.write('budget for 1,000: at most 250 ms CPU, 1,000 ms wall, 150 MiB\n');
}

await main();
