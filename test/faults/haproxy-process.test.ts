import test, { type ExecutionContext } from 'ava';
import { until } from '../support/until.ts';
import { isWrite } from './support/faulty-socket.ts';
import { FaultRun } from './support/run.ts';

/** Clients can only be refused, or cut off, while no HAProxy is there; once it answers again nothing fails. */
async function onlyRefused(t: ExecutionContext, run: FaultRun, downFromMs: number, upAgainMs: number): Promise<void> {
  // what was under way when HAProxy ended was sent before; at this load that is milliseconds before
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

test.serial('restart of HAProxy, at once and after a while: told once, and right within two ticks', async (t) => {
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
  t.regex(shown.problem ?? '', /nobody answers/);
  t.is(waitingFor, shown.problem);
  t.is(told(), before + 1, 'once, not at every tick');
  t.is(run.controller.events('waiting for haproxy').at(-1)?.code, 'socket-refused');
  await haproxy.start();
  const backMs = performance.now();
  await run.isRightWithin(t);
  t.is(run.controller.events('waiting for haproxy: over').length, told());
  t.is(run.controller.events('haproxy was reloaded or restarted').length, 2);
  const { failures } = await run.load.seen(longMs, backMs);
  t.true(failures > 0, 'else there was no fault');
  const { failed } = await run.load.seen(backMs, performance.now());
  t.deepEqual([...failed], []);
  await run.noOutage(t);
});

test.serial('HAProxy killed with -9 in the middle of a tick: right within two ticks of its return', async (t) => {
  await using run = await FaultRun.start({ faultySocket: true });
  const { haproxy } = run.stack;
  for (const [step, isMoment] of [
    ['before it reads the servers', (line: string) => line.startsWith('show servers state')],
    ['before it writes', isWrite],
  ] as const) {
    const killed = new Promise<number>((resolve, reject) => {
      let isArmed = true;
      run.faulty.beforeCommand = async (line) => {
        if (!isArmed || !isMoment(line)) return;
        isArmed = false;
        const info = await haproxy.api.info();
        if (!info.ok) return reject(new Error(info.error.what));
        resolve(performance.now());
        // the worker; without it the master ends too
        process.kill(info.value.pid, 'SIGKILL');
        await until('it is gone', async () => !(await haproxy.api.info()).ok);
      };
    });
    // puts the configured weights back, so that the next tick has to write all of ours
    await haproxy.reload();
    const fromMs = await killed;
    await run.stack.ticks(1);
    const { waitingFor } = await run.stack.status();
    t.not(waitingFor, null, step);
    await haproxy.end('SIGKILL');
    await haproxy.start();
    const backMs = performance.now();
    await run.isRightWithin(t);
    const after = await run.load.seen(backMs, performance.now());
    t.deepEqual([...after.failed], [], step);
    const during = await run.load.seen(fromMs - 500, backMs);
    t.deepEqual(
      [...during.failed.keys()].filter((status) => status !== 0),
      [],
      step,
    );
    t.is((await run.stack.status()).waitingFor, null, step);
  }
  t.deepEqual(run.controller.events('tick failed'), []);
  await run.noOutage(t);
});
