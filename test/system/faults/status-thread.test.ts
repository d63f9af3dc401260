import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { Stack } from '../../support/stack.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** Longest that leaving may take, in ms; far above what it takes, for a busy machine. */
const leaveMs = 15_000;

/** A thread of the controller that dies where there is a file `die`, and is stuck where there is a file `stick`. */
const defects = (folder: string) => {
  const script = `
    import { existsSync, openSync, rmSync } from 'node:fs';
    import { isMainThread } from 'node:worker_threads';
    const folder = ${JSON.stringify(folder)};
    if (!isMainThread) setInterval(() => {
      if (existsSync(folder + '/die')) {
        rmSync(folder + '/die');
        throw new Error('a defect');
      }
      // opening a pipe that has no writer never ends, and nothing interrupts it
      if (existsSync(folder + '/stick')) openSync(folder + '/pipe');
    }, 50);
  `;
  return ['--import', `data:text/javascript,${encodeURIComponent(script)}`];
};

test.serial('a thread of the status API that dies or is stuck harms neither ticks nor the way out', async (t) => {
  await using folder = await temporaryFolder();
  execFileSync('mkfifo', [join(folder.path, 'pipe')]);
  await using stack = await Stack.start({ servers: ['s1', 's2'] });
  const controller = await stack.startControllerIn({ node: defects(folder.path) });
  await until('our weights', async () => (await stack.weight('s1')) > 200);

  const { ticks, startedAtMs } = await stack.status();
  await writeFile(join(folder.path, 'die'), '');
  await until('it is told', () => controller.events('status API down').length > 0);
  t.regex(controller.events('status API down')[0]?.detail ?? '', /a defect/);
  await until('another one', () => controller.events('status API down: over').length > 0);
  t.is((await stack.status()).startedAtMs, startedAtMs, 'the same controller');
  await until('ticks go on', async () => (await stack.status()).ticks > ticks);
  t.is(controller.events('status API down').length, 1);

  await writeFile(join(folder.path, 'stick'), '');
  const isSilent = () =>
    fetch(`${stack.statusUrl}/healthz`, { signal: AbortSignal.timeout(500) }).then(
      () => false,
      () => true,
    );
  await until('it is stuck', isSilent);
  const stoppedAtMs = performance.now();
  t.is((await controller.stop()).code, 0);
  t.true(performance.now() - stoppedAtMs < leaveMs);
  t.deepEqual([...(await stack.weights()).values()], [100, 100]);
});
