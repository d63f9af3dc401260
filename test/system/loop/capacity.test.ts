import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { Stack } from '../../support/stack.ts';

const servers = ['fast1', 'fast2', 'slow'];
/** Cores of every agent, so that only learning can tell the servers apart; a fraction of them is used. */
const cores = 0.3;
/** A request takes three times the CPU on the slow server, as on a CPU of a third of the speed. */
const workCpuMs = { fast1: 4, fast2: 4, slow: 12 };
/** The production period: one shorter than the agents' window sees requests before it sees what they cost. */
const flags = ['--policy', 'capacity', '--period-ms', '2000'];
/** Half of the pool's capacity: at less, the CPU clock of 100 Hz is too coarse. */
const everyMs = 12;

/** Three servers that report equal sizes, once their weights follow their real speeds. */
async function learned(algorithm: string) {
  const stack = await Stack.start({ algorithm, cores, servers });
  try {
    for (const [name, each] of Object.entries(workCpuMs)) await stack.tell(name, { cpuMs: each });
    const load = stack.startLoad(everyMs);
    await stack.startController(...flags);
    await until('weights as the speeds', () => followsSpeed(stack));
    return { stack, load };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

/** Answering takes CPU beside the work, so a third of the speed is somewhat more than a third of the capacity. */
async function followsSpeed(stack: Stack): Promise<boolean> {
  return asTheSpeeds([...(await stack.weights()).values()]);
}

function asTheSpeeds([fast1 = 0, fast2 = 0, slow = 0]: readonly number[], most = 1.6, least = 2): boolean {
  const ratio = (fast1 + fast2) / 2 / slow;
  return ratio > least && ratio < 5 && Math.max(fast1, fast2) < most * Math.min(fast1, fast2);
}

/** Checks that the weights still follow the speeds, as estimates go on moving. Equal servers have a ratio of 1. */
function stillAsTheSpeeds(weights: readonly number[]): boolean {
  return asTheSpeeds(weights, 1.8, 1.5);
}

/** One tick's estimate is of a few dozen requests, so the mean counts. */
async function meanWeights(stack: Stack, ticks: number): Promise<number[]> {
  const sums = servers.map(() => 0);
  for (let tick = 0; tick < ticks; tick += 1) {
    await stack.ticks(1);
    const weights = await stack.weights();
    for (const [index, name] of servers.entries()) sums[index] = (sums[index] ?? 0) + (weights.get(name) ?? 0) / ticks;
  }
  return sums;
}

async function learnedCapacity(stack: Stack, name: string): Promise<number> {
  return (await stack.reason(name, 'capacity'))?.requestsPerSecond ?? Number.NaN;
}

test.serial('capacity under leastconn learns real speeds, and keeps them without an agent', async (t) => {
  const { stack, load } = await learned('leastconn');
  await using _stack = stack;
  await stack.stopAgent('slow');
  await until('the agent is missed', async () => (await stack.shown('slow')).agent.state === 'stale');
  const before = await learnedCapacity(stack, 'slow');
  await stack.ticks(1);
  t.is((await stack.shown('slow')).agent.state, 'stale');
  t.is(await learnedCapacity(stack, 'slow'), before, 'nothing was measured, so nothing was learned or forgotten');
  const weights = await meanWeights(stack, 3);
  t.true(stillAsTheSpeeds(weights), `it has the weight of a slow server: ${weights}`);
  t.like(await stack.reason('slow', 'held'), { because: 'stale' });
  t.deepEqual(load.seen.failed, new Map());
});

test.serial('capacity under random(2) has weights, request rates and traffic follow the real speeds', async (t) => {
  const { stack, load } = await learned('random(2)');
  await using _stack = stack;
  // the agent's window is longer than a tick: at the start of a load it shows too few CPU seconds
  for (const [name, each] of Object.entries(workCpuMs)) {
    const possible = (cores * 1_000) / each;
    await until(`what ${name} can do, at most ${possible} requests/s`, async () => {
      const rate = await learnedCapacity(stack, name);
      return rate > 0.4 * possible && rate < 1.1 * possible;
    });
  }
  const before = new Map(load.seen.served);
  // enough that chance does not turn a fifth into a third
  const answers = 400;
  await load.answers(answers);
  const served = servers.map((name) => (load.seen.served.get(name) ?? 0) - (before.get(name) ?? 0));
  const share = (served[2] ?? 0) / answers;
  t.true(share > 0.03 && share < 0.28, `of its answers the slow one gave its part: ${served}`);
  const weights = await meanWeights(stack, 3);
  t.true(stillAsTheSpeeds(weights), `and it stays so: ${weights}`);
  t.deepEqual(load.seen.failed, new Map());
});
