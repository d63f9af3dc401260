import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { until } from '../../testbed/rig/wait.ts';
import { processUsage } from '../support/process-usage.ts';
import { Fleet } from './fleet.ts';

const usage = `npm run bench:status [-- --servers 3,1000 --ticks 10]

What the controller's status API costs: a real controller and HAProxy with that many server lines. In turn nobody asks, one
client asks once a tick, and eight addresses ask 80 times a second each. CPU is what the kernel counted for the loop's thread
and for all threads, beyond what the ticks cost while nobody asks. Memory is VmRSS after each; the start is the time until
/healthz answers, three times.
`;

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: '3,1000' },
    ticks: { type: 'string', default: '10' },
    help: { type: 'boolean', default: false },
  },
});
const periodMs = 2_000;
const warmUpMs = 12_000;
const starts = 3;
/** Under the limit of 100 requests a second from one address. */
const flood = { addresses: 8, perSecond: 80 };

interface Cost {
  readonly loopMs: number;
  readonly allMs: number;
  readonly residentMiB: number;
  readonly requests: number;
}

type Client = (url: string, untilMs: number) => Promise<number>;

/** One request after each tick. */
const oncePerTick: Client = async (url, untilMs) => {
  let requests = 0;
  for (; performance.now() < untilMs; requests += 1) {
    await ask(url);
    await delay(periodMs);
  }
  return requests;
};

const asFastAsAllowed: Client = async (url, untilMs) => {
  const clients = Array.from({ length: flood.addresses }, async (_, index) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress: `127.0.7.${index + 1}` });
    let requests = 0;
    for (; performance.now() < untilMs; requests += 1) {
      await Promise.all([ask(url, agent), delay(1_000 / flood.perSecond)]);
    }
    agent.destroy();
    return requests;
  });
  return (await Promise.all(clients)).reduce((sum, each) => sum + each, 0);
};

function ask(url: string, agent?: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAnswer = (response: NodeJS.ReadableStream & { statusCode?: number | undefined }) => {
      if (response.statusCode !== 200) reject(new Error(`${url} was answered ${response.statusCode}`));
      response.on('data', () => undefined);
      response.once('end', resolve);
    };
    get(url, { agent: agent ?? false }, onAnswer).once('error', reject);
  });
}

const idle: Client = async (_, untilMs) => {
  await delay(untilMs - performance.now());
  return 0;
};

async function spend(pid: number, client: Client, url: string, ms: number): Promise<Cost> {
  const [loop, all] = [loopCpuMs(pid), processUsage(pid).cpuMs];
  const requests = await client(url, performance.now() + ms);
  const after = processUsage(pid);
  const loopMs = loopCpuMs(pid) - loop;
  return { loopMs, allMs: after.cpuMs - all, residentMiB: after.residentMiB, requests };
}

/** The thread whose id is that of its process runs the loop. */
function loopCpuMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6;
}

async function startsOf(fleet: Fleet): Promise<number[]> {
  const took: number[] = [];
  for (let start = 0; start < starts; start += 1) {
    const startedMs = performance.now();
    const controller = await fleet.startController();
    took.push(performance.now() - startedMs);
    await controller.stop();
  }
  return took;
}

async function measure(size: number, ticks: number): Promise<void> {
  await using fleet = await Fleet.start({ backends: 1, servers: size });
  const took = await startsOf(fleet);
  const { pid } = await fleet.startController();
  const { statusUrl } = fleet.stack;
  await delay(warmUpMs);
  const ms = ticks * periodMs;
  const rest = await spend(pid, idle, '', ms);
  print(`${size} servers: answers ${took.map((each) => each.toFixed(0)).join(', ')} ms after its start`);
  print(`  nobody asks: ${(rest.loopMs / ticks).toFixed(1)} ms a tick, ${rest.residentMiB.toFixed(0)} MiB`);
  for (const [name, client] of [
    ['once a tick', oncePerTick],
    [`${flood.addresses} addresses, ${flood.perSecond} a second each`, asFastAsAllowed],
  ] as const) {
    for (const path of ['/healthz', '/v1/status', '/metrics']) {
      await until('an answer', () => ask(`${statusUrl}${path}`).then(() => true));
      const cost = await spend(pid, client, `${statusUrl}${path}`, ms);
      const [loopMs, allMs] = [cost.loopMs - rest.loopMs, cost.allMs - rest.allMs];
      print(
        `  ${name}, ${path}: ${cost.requests} requests; loop's thread ${each(loopMs, cost)} ms a request, ` +
          `${(loopMs / (ms / 1_000)).toFixed(1)} ms a second; all ${each(allMs, cost)} ms a request, ` +
          `${(allMs / (ms / 1_000)).toFixed(1)} ms a second; ${cost.residentMiB.toFixed(0)} MiB`,
      );
    }
  }
}

function each(ms: number, { requests }: Cost): string {
  return (ms / requests).toFixed(2);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (values.help) print(usage);
else for (const size of values.servers.split(',').map(Number)) await measure(size, Number(values.ticks));
