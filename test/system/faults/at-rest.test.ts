import test from 'ava';
import { restMs } from '../../../controller/decide/guard/set-aside.ts';
import type { Snapshot } from '../../../shared/contract/snapshot.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { haweight } from '../../support/process.ts';
import { overload } from '../../support/stack.ts';
import { lying } from './support/faulty-agent.ts';
import { FaultRun, smallCores } from './support/run.ts';

/** What a host with ZFS says: its cache counts as used. */
function ramAt(utilisation: number) {
  return lying((truth): Snapshot => {
    const { ram } = truth.metrics;
    if (ram.status !== 'ok') throw new Error('the agent does not know its RAM');
    return { ...truth, metrics: { ...truth.metrics, ram: { ...ram, utilisation } } };
  });
}

/** Waits until s1 has weight 0 and then until it has one again. Returns how long it had none, in ms. */
async function timeOut({ stack }: FaultRun): Promise<number> {
  await until('s1 drained', async () => (await stack.weight('s1')) === 0);
  const atMs = performance.now();
  await until('s1 back', async () => (await stack.weight('s1')) > 0);
  return performance.now() - atMs;
}

test.serial('RAM that is high whatever the traffic drains a server for 20 s, then it is back for good', async (t) => {
  t.timeout(180_000);
  await using run = await FaultRun.start({ faultyAgent: 's1', flags: ['--policy', 'equal'] });
  const { stack } = run;
  run.agent.behaviour = ramAt(0.952);
  const outMs = await timeOut(run);
  t.true(outMs > restMs - 2_000 && outMs < restMs + 6_000, `${outMs} ms`);
  const ramp = new Set<number>();
  await until('s1 at its full weight', async () => {
    const step = await stack.reason('s1', 'ramp');
    if (step !== null) ramp.add(step.factor);
    return (await stack.weight('s1')) === 256;
  });
  t.true(ramp.size >= 3, `by a ramp: ${[...ramp]}`);
  await stack.ticks(6);
  t.is(await stack.weight('s1'), 256, 'not drained again, not cut');

  const controller = ['--controller', stack.statusUrl];
  const explain = await haweight(['explain', 'web/s1', ...controller]);
  t.regex(explain.stdout, /ram is set aside at 95%, because it did not fall without traffic/);
  const weights = await haweight(['weights', ...controller]);
  t.regex(weights.stdout, /\ns1 .*aside: ram/);

  run.agent.behaviour = ramAt(0.5);
  await until('normal again', async () => (await stack.reason('s1', 'set-aside')) === null);
  run.agent.behaviour = ramAt(0.85);
  await until('drained again', async () => (await stack.weight('s1')) === 0);
  await run.nothingFailed(t);
});

test.serial('CPU time that something else on the server takes drains it for 20 s, then its load decides', async (t) => {
  t.timeout(180_000);
  await using run = await FaultRun.start({ cores: smallCores });
  const { stack } = run;
  await stack.tell('s1', overload);
  const outMs = await timeOut(run);
  t.true(outMs > restMs - 2_000, `${outMs} ms`);
  await until('its ramp ended', async () => (await stack.reason('s1', 'ramp')) === null);
  t.is((await stack.reason('s1', 'set-aside'))?.metric, 'cpu');
  t.false((await stack.shown('s1')).drained);
  await stack.tell('s1', { busy: 0 });
  await until('normal again', async () => (await stack.reason('s1', 'set-aside')) === null);
  await run.nothingFailed(t);
});
