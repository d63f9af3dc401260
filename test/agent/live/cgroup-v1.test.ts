import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { ScopeChoice } from '../../../agent/scope/scope.ts';
import type { Metric } from '../../../shared/contract/snapshot.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { isRoot } from '../../support/root.ts';
import { LiveApp, untilMeasured } from './support.ts';

const mount = '/sys/fs/cgroup';
const controllers = ['cpu', 'cpuacct', 'memory', 'pids'] as const;

/** A new group in each version 1 hierarchy; removed with the test. Needs root. */
class TestGroup implements AsyncDisposable {
  readonly path: string;
  readonly folders: readonly string[];

  constructor(name: string, unified: string | null = null) {
    this.path = `/haweight-test-${process.pid}-${name}`;
    const mounts = controllers.map((controller) => `${mount}/${controller}`);
    this.folders = [...mounts, ...(unified === null ? [] : [unified])].map((folder) => folder + this.path);
    for (const folder of this.folders) mkdirSync(folder);
  }

  set(controller: (typeof controllers)[number], file: string, value: number): void {
    writeFileSync(`${mount}/${controller}${this.path}/${file}`, String(value));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const folder of this.folders) {
      await until(`removing ${folder}`, () => {
        try {
          rmdirSync(folder);
        } catch {
          // a process that was just killed may still be in it
        }
        return !existsSync(folder);
      });
    }
  }
}

const why = [
  isRoot ? null : 'root is needed to make control groups',
  controllers.every((name) => existsSync(`${mount}/${name}/cgroup.procs`)) ? null : 'no version 1 hierarchies here',
].find((reason) => reason !== null);

/** Names in title and log the reason why a test could not run. */
function cgroupTest(title: string, body: (t: ExecutionContext) => Promise<void>): void {
  if (why === undefined) test(title, body);
  else
    test(`SKIPPED (${why}): ${title}`, (t) => {
      t.log(why);
      t.pass();
    });
}

cgroupTest('a busy loop in a group with a tenth of a core uses all of it', async (t) => {
  await using group = new TestGroup('cpu');
  group.set('cpu', 'cpu.cfs_period_us', 100_000);
  group.set('cpu', 'cpu.cfs_quota_us', 10_000);
  await using _busy = await LiveApp.start('busy', 0, group.folders);
  const raw = await untilMeasured({ kind: 'cgroup', path: group.path }, {}, ({ cpu }) =>
    cpu.status === 'ok' && cpu.utilisation > 0.8 ? cpu.raw : null,
  );
  t.true(raw.availableCoreSeconds < 0.25, 'the quota counts, not the cores of the machine');
});

cgroupTest('on a full machine a group without a quota is full only where it waits for CPU', async (t) => {
  const unified = `${mount}/unified`;
  if (!existsSync(`${unified}/cpu.pressure`)) {
    t.pass('no pressure here');
    return;
  }
  await using group = new TestGroup('waits', unified);
  const cores = Array.from({ length: availableParallelism() });
  await using neighbours = new AsyncDisposableStack();
  for (const _ of cores) neighbours.use(await LiveApp.start('busy'));
  await using _idle = await LiveApp.start('idle', 0, group.folders);
  const cpuOf = (scope: ScopeChoice, fits: (cpu: Extract<Metric<'cpu'>, { status: 'ok' }>) => boolean) =>
    untilMeasured(scope, {}, ({ cpu }) => (cpu.status === 'ok' && fits(cpu) ? cpu : null));
  await cpuOf({ kind: 'host' }, ({ utilisation }) => utilisation > 0.95);
  const named = { kind: 'cgroup', path: group.path } as const;
  const idle = await cpuOf(named, ({ raw }) => raw.availableCoreSeconds > 0.1 * cores.length);
  t.true(idle.utilisation < 0.3, `${idle.utilisation}`);
  await using loops = new AsyncDisposableStack();
  for (const _ of cores) loops.use(await LiveApp.start('busy', 0, group.folders));
  t.truthy(await cpuOf(named, ({ utilisation }) => utilisation > 0.9));
});

cgroupTest('memory and threads of a group are measured against its own limits', async (t) => {
  await using group = new TestGroup('memory');
  const limitBytes = 512 * 2 ** 20;
  group.set('memory', 'memory.limit_in_bytes', limitBytes);
  group.set('pids', 'pids.max', 40);
  await using _hog = await LiveApp.start('hog', 200, group.folders);
  const raw = await untilMeasured({ kind: 'cgroup', path: group.path }, {}, ({ ram, threads }) =>
    ram.status === 'ok' && ram.utilisation > 0.4 && threads.status === 'ok'
      ? { limitBytes: ram.raw.limitBytes, threads: threads.raw }
      : null,
  );
  t.is(raw.limitBytes, limitBytes);
  t.like(raw.threads, { limit: 40, limitSource: 'cgroup' });
  t.true(raw.threads.threads > 1 && raw.threads.threads <= 40);
});

cgroupTest('a group whose limit is full of files that it read again and again has memory left', async (t) => {
  await using group = new TestGroup('cache');
  const limitBytes = 96 * 2 ** 20;
  group.set('memory', 'memory.limit_in_bytes', limitBytes);
  const file = join(mkdtempSync(join(tmpdir(), 'haweight-test-')), 'file');
  const memory = `${mount}/memory${group.path}`;
  const program =
    'echo $$ > "$1/cgroup.procs" && head -c 80M /dev/zero > "$2" && sync "$2" && cat "$2" "$2" >/dev/null';
  try {
    execFileSync('sh', ['-c', program, 'sh', memory, file]);
    const stat = readFileSync(`${memory}/memory.stat`, 'utf8');
    const active = Number(/^total_active_file (\d+)$/m.exec(stat)?.[1]);
    t.true(active > limitBytes / 4, `the cache is active, not only inactive: ${stat}`);
    t.true(Number(readFileSync(`${memory}/memory.usage_in_bytes`, 'utf8')) > 0.75 * limitBytes);
    const ram = await untilMeasured({ kind: 'cgroup', path: group.path }, {}, ({ ram }) =>
      ram.status === 'ok' ? ram : null,
    );
    t.is(ram.raw.limitBytes, limitBytes);
    t.true(ram.utilisation < 0.25, `${ram.utilisation}`);
  } finally {
    rmSync(dirname(file), { recursive: true });
  }
});

cgroupTest('a removed group is reported as gone, not as 0', async (t) => {
  const group = new TestGroup('gone');
  const measured = untilMeasured({ kind: 'cgroup', path: group.path }, {}, ({ ram, threads }) =>
    [ram, threads].every((metric) => metric.status === 'unavailable' && metric.reason === 'target-gone'),
  );
  await group[Symbol.asyncDispose]();
  t.true(await measured);
});
