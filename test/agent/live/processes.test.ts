import { availableParallelism } from 'node:os';
import test from 'ava';
import { LiveApp, untilMeasured } from './support.ts';

test.serial('a busy loop raises the cpu of its process tree, an idle process has next to none', async (t) => {
  await using idle = await LiveApp.start('idle');
  const calm = await untilMeasured({ kind: 'pid', pid: idle.pid }, { cores: 1 }, ({ cpu }) =>
    cpu.status === 'ok' && cpu.utilisation < 0.3 ? cpu : null,
  );
  t.is(calm.status, 'ok');
  await using busy = await LiveApp.start('busy');
  const loaded = await untilMeasured({ kind: 'pid', pid: busy.pid }, { cores: 0.05 }, ({ cpu }) =>
    cpu.status === 'ok' && cpu.utilisation > 0.9 ? cpu : null,
  );
  t.is(loaded.status, 'ok');
});

test.serial('busy loops on every core raise the cpu of the host', async (t) => {
  await using stack = new AsyncDisposableStack();
  for (let core = 0; core < availableParallelism(); core += 1) stack.use(await LiveApp.start('busy'));
  const utilisation = await untilMeasured({ kind: 'host' }, {}, ({ cpu }) =>
    cpu.status === 'ok' && cpu.utilisation > 0.9 ? cpu.utilisation : null,
  );
  t.true(utilisation <= 1);
});

test.serial('a memory hog raises the ram of its process', async (t) => {
  await using hog = await LiveApp.start('hog', 200);
  const memoryBytes = 400 * 2 ** 20;
  const raw = await untilMeasured({ kind: 'pid', pid: hog.pid }, { memoryBytes }, ({ ram }) =>
    ram.status === 'ok' && ram.utilisation > 0.5 ? ram.raw : null,
  );
  t.is(raw.limitBytes, memoryBytes);
  t.true(raw.usedBytes > 200 * 2 ** 20);
});

test.serial('threads raise the threads of their process', async (t) => {
  await using app = await LiveApp.start('threads', 20);
  const raw = await untilMeasured({ kind: 'pid', pid: app.pid }, { threads: 100 }, ({ threads }) =>
    threads.status === 'ok' && threads.raw.threads > 20 ? threads.raw : null,
  );
  t.deepEqual({ ...raw, threads: 0 }, { threads: 0, limit: 100, limitSource: 'configured' });
});

test.serial('a process that ends is reported as gone, not as 0', async (t) => {
  const app = await LiveApp.start('idle');
  const measured = untilMeasured({ kind: 'pid', pid: app.pid }, {}, ({ cpu, ram, tcpQueues }) =>
    [cpu, ram, tcpQueues].every((metric) => metric.status === 'unavailable' && metric.reason === 'target-gone'),
  );
  await app[Symbol.asyncDispose]();
  t.true(await measured);
});
