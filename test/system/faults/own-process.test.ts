import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { haweight } from '../../support/process.ts';
import { Stack } from '../../support/stack.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { configured, FaultRun } from './support/run.ts';

const periodMs = 1_000;
const stoppedMs = 5_000;
/** Longest that leaving may take, in ms; far above what it takes, for a busy machine. */
const leaveMs = 15_000;

/** JavaScript that the controller's process runs first. */
const beforehand = (script: string) => ['--import', `data:text/javascript,${encodeURIComponent(script)}`];

/** Defects, on demand: in a callback, and in a promise that is not awaited. */
const defects = beforehand(`
  process.on('SIGUSR2', () => { throw new Error('a defect'); });
  process.on('SIGWINCH', () => void Promise.reject(new Error('a defect')));
`);

/** A disk that accepts a write and never completes it. */
const hangingDisk = beforehand(`
  import fs from 'node:fs/promises';
  import { syncBuiltinESMExports } from 'node:module';
  const { open } = fs;
  fs.open = async (...args) => {
    const handle = await open(...args);
    handle.appendFile = () => new Promise(() => setTimeout(() => undefined, 600_000));
    return handle;
  };
  syncBuiltinESMExports();
`);

/** Forbids the process any further descriptor, or allows as many as before. */
function limitDescriptors(pid: number, limited: boolean): void {
  const limit = limited ? '1:' : `${readFileSync('/proc/self/limits', 'utf8').match(/open files +(\d+)/)?.[1]}:`;
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}`]);
}

test.serial('after SIGSTOP or without free descriptors the weights are right within two ticks', async (t) => {
  t.timeout(180_000);
  await using run = await FaultRun.start();
  const { stack, controller } = run;

  // SIGSTOP, as by a debugger or a sleeping machine; meanwhile HAProxy forgets the weights
  const before = await stack.status();
  controller.signal('SIGSTOP');
  const stoppedAtMs = performance.now();
  await Promise.all([delay(stoppedMs), stack.haproxy.reload()]);
  t.is(await stack.weight('s1'), configured.s1, 'the controller is stopped');
  controller.signal('SIGCONT');
  const missableTicks = (performance.now() - stoppedAtMs) / periodMs;
  await run.isRightWithin(t);
  const after = await stack.ticks(1);
  const missed = after.skippedTicks - before.skippedTicks;
  t.true(missed >= missableTicks - 2, `${missed} of ${missableTicks} counted`);
  const possibleTicks = (performance.now() - stoppedAtMs) / periodMs - missableTicks + 3;
  t.true(after.ticks - before.ticks <= possibleTicks, 'missed ticks are not made up for');

  const told = () => controller.events('waiting for haproxy');
  limitDescriptors(controller.pid, true);
  await stack.haproxy.reload();
  await until('told', () => told().length === 1);
  t.is(told()[0]?.code, 'too-many-files');
  await delay(3 * periodMs);
  t.is(told().length, 1, 'once, not at every tick');
  limitDescriptors(controller.pid, false);
  await run.isRightWithin(t);
  t.is(controller.events('waiting for haproxy: over').length, 1);

  limitDescriptors(controller.pid, true);
  t.is((await controller.stop()).code, 1);
  t.is(controller.events('weights not restored').length, 1);
  const restored = await haweight(['restore', '--socket', stack.haproxy.socket, '--backend', 'web']);
  t.is(restored.code, 0);
  t.deepEqual(Object.fromEntries(await stack.weights()), configured);
  await run.nothingFailed(t);
});

test.serial('on a defect or a disk that hangs, the configured weights are restored and the process ends', async (t) => {
  await using folder = await temporaryFolder();
  await using stack = await Stack.start({ servers: ['s1', 's2', 's3'] });
  await using load = stack.startLoad();
  const ours = () => until('our weights', async () => (await stack.weight('s1')) > 200);
  for (const signal of ['SIGUSR2', 'SIGWINCH'] as const) {
    const controller = await stack.startControllerIn({ node: defects });
    await ours();
    const { code } = await controller.stop(signal);
    t.is(code, 1, signal);
    t.deepEqual([...(await stack.weights()).values()], [100, 100, 100], signal);
    const [defect, ...more] = controller.events('unexpected error');
    t.regex(defect?.detail ?? '', /a defect/, signal);
    t.is(more.length, 0, 'one line');
  }

  const flags = ['--record', join(folder.path, 'ticks.jsonl')];
  const controller = await stack.startControllerIn({ node: hangingDisk }, ...flags);
  await ours();
  const { recording } = await stack.ticks(3);
  t.is(recording?.ticks, 0, 'otherwise the disk does not hang');
  const startedMs = performance.now();
  t.is((await controller.stop()).code, 0);
  t.true(performance.now() - startedMs < leaveMs);
  t.deepEqual([...(await stack.weights()).values()], [100, 100, 100]);
  t.deepEqual(
    controller.events('recording problem').map(({ code }) => code),
    ['record-behind'],
    'it says that ticks are lost',
  );
  t.deepEqual(load.seen.failed, new Map());
});
