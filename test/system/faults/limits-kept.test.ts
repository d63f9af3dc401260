import test from 'ava';
import { sum } from '../../../shared/math/statistics.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Clients } from './support/clients.ts';
import { boundOfThree, fullconn, LimitsRun, scaling } from './support/limits-run.ts';

/** Requests in flight all the time. */
const many = 12;
const ours = [boundOfThree, boundOfThree, boundOfThree];
const configured = [fullconn, fullconn, fullconn];

test.serial('a reload under load, kill -9, restore, a new controller: limits are right, none fails', async (t) => {
  await using run = await LimitsRun.start({
    lines: [...scaling.lines],
    serverOptions: scaling.server,
    flags: ['--policy', 'equal'],
  });
  const { port, haproxy } = run.stack;
  const load = run.load(30);
  const fromMs = performance.now();
  await run.limited('bound');
  t.deepEqual(await run.limits(), ours);
  await using clients = new Clients({ port, path: '/work?waitMs=100&cpuMs=1' }, many);
  await until('requests in flight', async () => sum(await run.inFlight()) > many / 2);

  await haproxy.reload();
  await until('limits after the reload', async () => (await run.limits()).join() === ours.join());

  await run.controller.stop('SIGKILL');
  await until('requests in flight', async () => sum(await run.inFlight()) > many / 2);
  t.deepEqual(await run.limits(), ours, 'nobody has given them back');
  const restored = await run.restoreAfterExit();
  t.is(restored.code, 0, restored.stderr);
  t.deepEqual(await run.limits(), configured);
  await run.restartController();
  await until('limits of the new one', async () => (await run.limits()).join() === ours.join());

  await run.controller.stop('SIGKILL');
  await run.restartController();
  await run.stack.ticks(2);
  t.deepEqual(await run.limits(), ours, 'not lower for having been found so');
  await run.controller.stop();
  t.deepEqual(await run.limits(), configured);
  t.deepEqual(await clients.stop(), [200]);
  t.deepEqual([...(await load.seen(fromMs, performance.now())).failed], []);
});
