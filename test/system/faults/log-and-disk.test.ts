import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { freePort } from '../../../testbed/rig/ports.ts';
import { answers, until } from '../../../testbed/rig/wait.ts';
import { Haweight, type Surroundings } from '../../support/process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { serialWhere } from '../../support/test-where.ts';
import { canMount, FullDisk } from './support/full-disk.ts';
import { configured, FaultRun } from './support/run.ts';

/** What a controller does even with a broken log or disk. */
async function worksOn(t: ExecutionContext, run: FaultRun, step: string): Promise<void> {
  // so that there is something to write, and to log
  await run.stack.haproxy.reload();
  const before = await run.tick();
  await until(`ticks: ${step}`, async () => (await run.tick()) >= before + 3);
  t.true((await run.stack.weight('s1')) < configured.s1, `${step}: haweight's weights`);
}

async function leavesWell(t: ExecutionContext, run: FaultRun, step: string): Promise<void> {
  const { code, stderr } = await run.controller.stop();
  t.is(code, 0, `${step}: ${stderr.slice(-1_000)}`);
  t.deepEqual(Object.fromEntries(await run.stack.weights()), configured, step);
}

/** A pipe that is full and is not read. */
async function fullPipe(path: string): Promise<FileHandle> {
  spawnSync('mkfifo', [path]);
  const pipe = await open(path, constants.O_RDWR | constants.O_NONBLOCK);
  const isFull = () =>
    pipe.write('x'.repeat(4_096)).then(
      () => false,
      () => true,
    );
  await until('a full pipe', isFull);
  return pipe;
}

test.serial(
  'when its log is gone, full or stuck, the controller works on and restores weights at the end',
  async (t) => {
    await using folder = await temporaryFolder();
    await using run = await FaultRun.start();
    await worksOn(t, run, 'its reader reads');
    run.controller.process.stderr?.destroy();
    await worksOn(t, run, 'its reader is gone');
    await leavesWell(t, run, 'its reader is gone');

    await using full = await open('/dev/full', 'a');
    await using pipe = await fullPipe(join(folder.path, 'pipe'));
    const steps: readonly (readonly [name: string, surroundings: Surroundings])[] = [
      ['no space left', { stderr: full.fd }],
      ['the pipe is not read', { stderr: pipe.fd }],
      ['standard error is closed', { through: ['sh', '-c', 'exec "$@" 2>&-', 'sh'] }],
    ];
    for (const [name, surroundings] of steps) {
      await run.restartController(surroundings);
      await worksOn(t, run, name);
      await leavesWell(t, run, name);
    }
    await run.nothingFailed(t);
  },
);

serialWhere(canMount, 'a full disk, which wants the right to mount')(
  'a full disk under log and recording, then room again',
  async (t) => {
    await using folder = await temporaryFolder();
    await using run = await FaultRun.start();
    const disk = new FullDisk(folder.path);
    const recording = join(disk.path, 'ticks.jsonl');
    // starts with the weights that HAProxy has
    await run.controller.stop('SIGKILL');
    const flags = ['--log-level', 'debug', '--record', recording];
    run.controller = await run.stack.startControllerIn({ through: disk.through }, ...flags);
    const pid = run.controller.pid;
    await run.isRightWithin(t);

    const full = (await run.stack.ticks(3)).recording;
    t.regex(full?.problem ?? '', /ticks\.jsonl: the recording cannot be written.*ENOSPC/);
    t.is(full?.ticks, 0);
    t.true((full?.lostTicks ?? 0) >= 3);
    await run.isRightWithin(t, 1);

    await disk.free(pid);
    const room = await until('a recorded tick', async () => {
      const { recording } = await run.stack.status();
      return recording !== null && recording.ticks > 0 && recording.problem === null ? recording : null;
    });
    const later = (await run.stack.ticks(3)).recording;
    t.is(later?.lostTicks, room.lostTicks, 'no more are lost');
    t.true((later?.ticks ?? 0) >= room.ticks + 2, 'the last may still be on its way');
    const lines = (await disk.read(pid, 'ticks.jsonl')).trimEnd().split('\n');
    t.notThrows(() => lines.map((line) => JSON.parse(line)));

    const log = (await disk.read(pid, 'log')).split('\n').filter((line) => line.startsWith('{'));
    const events = log.map((line) => JSON.parse(line));
    const [lost] = events.filter(({ message }) => message === 'log lines lost');
    t.true(lost?.lines >= 2, 'its start, and what was wrong with the recording');
    t.is(events.filter(({ message }) => message === 'recording problem: over').length, 1);

    await run.isRightWithin(t, 1);
    await leavesWell(t, run, 'a disk that was full');
    await run.nothingFailed(t);
  },
);

test.serial('an agent whose log is not read measures, answers and ends like any other', async (t) => {
  await using folder = await temporaryFolder();
  await using pipe = await fullPipe(join(folder.path, 'pipe'));
  const listen = `127.0.0.1:${await freePort()}`;
  await using agent = new Haweight(['agent', '--scope', 'host', '--listen', listen], {}, { stderr: pipe.fd });
  await until('a snapshot', () => answers(`http://${listen}/v1/snapshot`));
  t.is((await agent.stop()).code, 0);
});
