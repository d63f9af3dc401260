import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { seededRandom } from '../../../shared/math/random.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { haweight } from '../../support/process.ts';
import { overload } from '../../support/stack.ts';
import { configured, FaultRun, fewCoresTolerance, fullPart, shares, sizes, smallCores } from './support/run.ts';

const kills = 8;
const periodMs = 1_000;
const seed = 4;
/** The share that a controller which does not know of the drain may give that server to try it: the first ticks of a ramp. */
const trialShare = 0.1;
/** That server is drained again only after its ramp of five ticks, and one more tick may be under way. */
const relearnTicks = 7;

test.serial(`a controller killed with -9 ${kills} times while a server is drained fails no request`, async (t) => {
  t.timeout(180_000);
  await using run = await FaultRun.start({ cores: smallCores, faultySocket: true });
  const { stack, timeline, faulty } = run;
  const random = seededRandom(seed);
  const kill = async () => await run.controller.stop('SIGKILL');
  const drainedWithin = async (ticks: number, step: string) => {
    await until(`drained: ${step}`, async () => (await stack.weight('s1')) === 0 && (await stack.shown('s1')).drained);
    const { ticks: needed } = await stack.status();
    t.true(needed <= ticks, `${step}: drained after ${needed} ticks`);
  };
  const right = run.right;
  await stack.tell('s1', overload);
  await until('s1 drained', async () => (await stack.weight('s1')) === 0);

  // slow enough for a kill between two commands of a tick, or before the answer of one
  faulty.behave({ kind: 'slow', delayMs: 50 });
  const firstKillMs = performance.now();
  for (let count = 0; count < kills; count += 1) {
    await delay(random() * periodMs);
    await kill();
    await run.restartController();
  }
  await drainedWithin(relearnTicks, 'after many kills');
  for (const { atMs, servers } of timeline.samples) {
    if (atMs < firstKillMs) continue;
    const now = shares(new Map(servers.map(({ server, weight }) => [server, weight])));
    const shown = JSON.stringify([...now]);
    t.true((now.get('s1') ?? 1) <= trialShare, shown);
    const ratio = sizes.s2 / sizes.s3;
    t.true(Math.abs((now.get('s2') ?? 0) / (now.get('s3') ?? 1) - ratio) < fewCoresTolerance * ratio, shown);
  }

  // HAProxy forgets the drain, and no controller runs that knows of it
  const reloaded = stack.haproxy.reload();
  await kill();
  await reloaded;
  t.true((await stack.weight('s1')) > 0);
  await run.restartController();
  await drainedWithin(4, 'after a kill in a reload');

  await kill();
  await stack.tell('s1', { busy: 0 });
  await delay(periodMs);
  t.is(await stack.weight('s1'), 0, 'no controller runs that could bring it back');
  await run.restartController();
  await until('s1 has its full weight', async () => (await stack.weight('s1')) >= fullPart * (right.get('s1') ?? 0));

  const reloading = stack.haproxy.reload();
  await kill();
  const restored = await haweight(['restore', '--socket', stack.haproxy.socket, '--backend', 'web']);
  await reloading;
  t.is(restored.code, 0, restored.stderr);
  t.deepEqual(Object.fromEntries(await stack.weights()), configured);
  await run.nothingFailed(t);
});
