import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Child } from '../../testbed/rig/child.ts';
import { freePorts } from '../../testbed/rig/ports.ts';
import { backend, startStack } from '../../testbed/rig/stack.ts';
import { answers, until } from '../../testbed/rig/wait.ts';
import { type ProcessUsage, processUsage } from '../support/process-usage.ts';

const usage = `npm run bench:tick [-- --servers 10,100,1000 --ticks 15]

What one tick costs: a real controller process and a real HAProxy with that many server lines. Every server's agent
is asked over HTTP on its own connection. A few agent processes answer for all servers, since a thousand would measure
this machine's memory. CPU and memory are what the kernel counted for the process, without the benchmark's requests. The
wall time of a tick is what the controller reports.
`;

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: '10,100,1000' },
    ticks: { type: 'string', default: '15' },
    help: { type: 'boolean', default: false },
  },
});
/** The compiled program, as users install it: stripping types at the start costs memory. */
const bin = new URL('../../dist/cli/bin.js', import.meta.url).pathname;
const periodMs = 2_000;
/** The first ticks compile the code; they are not counted. */
const warmUpTicks = 5;
/** Ticks between two readings of the controller's status. */
const roundTicks = 5;
/** Servers that share an agent process: an agent accepts 128 connections from one address. */
const serversPerAgent = 100;

interface Row {
  readonly servers: number;
  readonly cpuMs: number;
  readonly haproxyCpuMs: number;
  readonly wallMs: number;
  readonly residentMiB: number;
  readonly writeAllMs: number;
}

const start = (name: string, args: readonly string[]) =>
  new Child(name, [process.execPath, bin, ...args, '--log-level', 'error']);

async function measure(servers: number, rounds: number): Promise<Row> {
  await using cleanup = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'haweight-bench-'));
  cleanup.defer(() => rmSync(folder, { recursive: true }));
  const members = Array.from({ length: servers }, (_, index) => {
    return { name: `s${index}`, ip: `127.20.${index >> 8}.${index & 255}`, group: Math.floor(index / serversPerAgent) };
  });
  const groups = Array.from({ length: Math.ceil(servers / serversPerAgent) }, () => ({ hosts: ['0.0.0.0'] }));
  const [statusPort, ...agentPorts] = await freePorts([{}, ...groups]);
  for (const port of agentPorts) {
    cleanup.use(start('an agent', ['agent', '--scope', 'host', '--listen', `0.0.0.0:${port}`, '--insecure']));
    await until('the agent', () => answers(`http://127.0.0.1:${port}/v1/snapshot`));
  }
  const lines = members.map(({ name, ip }) => ({ name, address: `${ip}:9` }));
  const stack = cleanup.use(
    await startStack({
      members: [],
      agentPort: 9477,
      statusPort,
      configuration: { backends: [{ name: backend, servers: lines }] },
      haweight: start,
    }),
  );
  const { haproxy } = stack;
  const agents = Object.fromEntries(members.map(({ name, ip, group }) => [name, `http://${ip}:${agentPorts[group]}`]));
  const config = join(folder, 'config.json');
  writeFileSync(config, JSON.stringify({ backends: [{ name: backend, agents }] }));
  const controller = stack.spawnController(['--config', config, '--on-exit', 'keep']);
  await until('the controller', () => answers(`${stack.statusUrl}/healthz`));
  await delay(warmUpTicks * periodMs);

  let last = await stack.status();
  const [begin, walls] = [last.ticks, [] as number[]];
  const spent = { own: 0, haproxy: 0, residentMiB: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const before = [processUsage(controller.pid), processUsage(haproxy.pid)] as const;
    await delay(roundTicks * periodMs);
    const after = [processUsage(controller.pid), processUsage(haproxy.pid)] as const;
    spent.own += cpuBetween(before[0], after[0]);
    spent.haproxy += cpuBetween(before[1], after[1]);
    spent.residentMiB = Math.max(spent.residentMiB, after[0].residentMiB);
    last = await stack.status();
    walls.push(last.lastTickDurationMs ?? Number.NaN);
  }
  const stale = last.backends[0]?.servers.filter(({ agent }) => agent.state === 'stale').length;
  if (stale !== 0) throw new Error(`${stale} of ${servers} agents did not answer, so the measurement is not valid`);
  const counted = last.ticks - begin;
  const startedMs = performance.now();
  await haproxy.api.setWeights(
    backend,
    members.map(({ name }, index) => ({ server: name, weight: 1 + (index % 200) })),
  );
  return {
    servers,
    cpuMs: spent.own / counted,
    haproxyCpuMs: spent.haproxy / counted,
    wallMs: Math.max(...walls),
    residentMiB: spent.residentMiB,
    writeAllMs: performance.now() - startedMs,
  };
}

function cpuBetween(before: ProcessUsage, after: ProcessUsage): number {
  return after.cpuMs - before.cpuMs;
}

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const rounds = Math.max(1, Math.round(Number(values.ticks) / roundTicks));
  const rows: Row[] = [];
  for (const servers of values.servers.split(',').map(Number)) {
    process.stderr.write(
      `${servers} servers: ${warmUpTicks} ticks to warm up, ${rounds * roundTicks} ticks counted ...\n`,
    );
    rows.push(await measure(servers, rounds));
  }
  const number = (value: number) => value.toFixed(1).padStart(12);
  const lines = rows.map(
    (row) =>
      String(row.servers).padStart(7) +
      [row.cpuMs, row.wallMs, row.residentMiB, row.haproxyCpuMs, row.writeAllMs].map(number).join(''),
  );
  const titles = ['servers', 'CPU ms/tick', ' wall ms', 'RSS MiB', 'HAProxy CPU', 'write all'];
  const head = titles.map((title, index) => title.padStart(index === 0 ? 7 : 12)).join('');
  process.stdout.write(`${usage.split('\n\n')[1]}\n\n${head}\n${lines.join('\n')}\n`);
  process.stdout.write('budget for 1,000: at most 250 ms CPU, 1,000 ms wall, 150 MiB\n');
}

await main();
