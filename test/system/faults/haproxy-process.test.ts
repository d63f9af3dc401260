import test, { type ExecutionContext } from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { isWrite } from './support/faulty-socket.ts';
import { FaultRun } from './support/run.ts';

/** While no HAProxy runs, clients can only be refused or cut off; once it answers again nothing fails. */
async function onlyRefused(t: ExecutionContext, run: FaultRun, downFromMs: number, upAgainMs: number): Promise<void> {
  // a request that was open when HAProxy ended was sent some ms earlier at this load
  const [before, during, after] = [
    await run.load.seen(0, downFromMs - 500),
    await run.load.seen(downFromMs - 500, upAgainMs),
    await run.load.seen(upAgainMs, performance.now()),
  ];
  t.deepEqual([...before.failed], [], 'before');
  t.deepEqual(
    [...during.failed.keys()].filter((status) => status !== 0),
    [],
    'while it was away',
  );
  t.deepEqual([...after.failed], [], 'after');
  t.true(after.requests > 0);
}

test.serial('a restart of HAProxy is reported once, and the weights are right within two ticks', async (t) => {
  await using run = await FaultRun.start();
  const { haproxy } = run.stack;
  const told = () => run.controller.events('waiting for haproxy').length;

  const atOnceMs = performance.now();
  await haproxy.end();
  await haproxy.start();
  const thereMs = performance.now();
  await run.isRightWithin(t);
  await onlyRefused(t, run, atOnceMs, thereMs);
  t.is(run.controller.events('haproxy was reloaded or restarted').length, 1);

  const before = told();
  const longMs = performance.now();
  await haproxy.end();
  await until('told', () => told() === before + 1);
  const { haproxy: shown, waitingFor } = await run.stack.ticks(3);
  t.regex(shown.problem ?? '', /nothing answers/);
  t.is(waitingFor, shown.problem);
  t.is(told(), before + 1, 'once, not at every tick');
  t.is(run.controller.events('waiting for haproxy').at(-1)?.code, 'socket-refused');
  await haproxy.start();
  const backMs = performance.now();
  await run.isRightWithin(t);
  t.is(run.controller.events('waiting for haproxy: over').length, told());
  t.is(run.controller.events('haproxy was reloaded or restarted').length, 2);
  const { failures } = await run.load.seen(longMs, backMs);
  t.true(failures > 0, 'otherwise there was no fault');
  const { failed } = await run.load.seen(backMs, performance.now());
  t.deepEqual([...failed], []);
  await run.noOutage(t);
});

/** Does something once, just before HAProxy gets a command of this kind; resolves after it. */
function once(run: FaultRun, isMoment: (line: string) => boolean, act: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    run.faulty.beforeCommand = async (line) => {
      if (!isMoment(line)) return;
      run.faulty.beforeCommand = () => Promise.resolve();
      await act().then(resolve, reject);
    };
  });
}

const readsServers = (line: string) => line.startsWith('show servers state');
const readsStats = (line: string) => line.startsWith('show stat');

test.serial('after a reload or a kill in the middle of a tick the weights are right within two ticks', async (t) => {
  t.timeout(200_000);
  await using run = await FaultRun.start({ faultySocket: true });
  const { haproxy } = run.stack;

  for (const [step, isMoment] of [
    ['before the servers are read', readsServers],
    ['before the servers are read, once more', readsServers],
    ['before the counters are read', readsStats],
  ] as const) {
    t.log(`reloaded ${step}`);
    await once(run, isMoment, () => haproxy.reload());
    await run.isRightWithin(t);
  }
  t.deepEqual(run.controller.events('weight changed by another writer'), []);
  t.false(run.controller.stderr.includes('weight-contested'));
  await run.nothingFailed(t);

  for (const [step, isMoment] of [
    ['before it is read', readsServers],
    ['before it is written', isWrite],
  ] as const) {
    t.log(`killed ${step}`);
    let fromMs = 0;
    const killed = once(run, isMoment, async () => {
      const info = await haproxy.api.info();
      if (!info.ok) throw new Error(info.error.what);
      fromMs = performance.now();
      // the worker; without it the master ends too
      process.kill(info.value.pid, 'SIGKILL');
      await until('it is gone', async () => !(await haproxy.api.info()).ok);
    });
    // puts the configured weights back, so that the next tick has to write all weights
    await haproxy.reload();
    await killed;
    t.not((await run.stack.ticks(1)).waitingFor, null, step);
    await haproxy.end('SIGKILL');
    await haproxy.start();
    const backMs = performance.now();
    await run.isRightWithin(t);
    const after = await run.load.seen(backMs, performance.now());
    t.deepEqual([...after.failed], [], step);
    const during = await run.load.seen(fromMs - 500, backMs);
    const statuses = [...during.failed.keys()].filter((status) => status !== 0);
    t.deepEqual(statuses, [], step);
    t.is((await run.stack.status()).waitingFor, null, step);
  }
  t.deepEqual(run.controller.events('weight changed by another writer'), []);
  t.deepEqual(run.controller.events('tick failed'), []);
  await run.noOutage(t);
});
