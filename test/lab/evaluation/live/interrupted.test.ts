import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCell } from '../../../../lab/evaluation/read.ts';
import { Store } from '../../../../lab/evaluation/store.ts';
import { Child } from '../../../../testbed/rig/child.ts';
import { until } from '../../../../testbed/rig/wait.ts';
import { serialWhere } from '../../../support/test-where.ts';
import { canMakeGroups } from '../support/groups.ts';

const program = new URL('../../../../lab/evaluation/main.ts', import.meta.url).pathname;
const arguments_ = ['--quick', '--jobs', '1', '--servers', 'cgroups', '--repeat', '1'];

const start = (out: string) => new Child('experiment', [process.execPath, program, ...arguments_, '--out', out]);

/** All files that a run leaves in its folder, with the time of their last change. */
const cells = (out: string) =>
  (readdirSync(out, { recursive: true }) as string[])
    .filter((name) => name.endsWith('.json.gz'))
    .map((name) => [name, statSync(join(out, name)).mtimeMs] as const);

async function interrupt(child: Child, signals: readonly NodeJS.Signals[]): Promise<string> {
  for (const signal of signals) child.signal(signal);
  const { code } = await child.ended;
  return `${code}: ${child.stderr.trim().split('\n').at(-1)}`;
}

const onlyWithGroups = serialWhere(
  canMakeGroups(),
  'a run of experiments, which wants the right to make control groups',
);

onlyWithGroups('a run that is interrupted twice goes on where it was, and leaves nothing behind', async (t) => {
  t.timeout(180_000);
  const out = mkdtempSync(join(tmpdir(), 'haweight-experiment-'));
  t.teardown(() => rmSync(out, { recursive: true, force: true }));
  const groups = () =>
    readdirSync('/sys/fs/cgroup', { recursive: true }).filter((name) => /haweight-\w{8}-0-s\d$/.test(`${name}`));

  // the first run is stopped before anything was measured, by pressing Ctrl-C again and again
  await using first = start(out);
  await until('the groups of the servers', () => groups().length > 0);
  t.regex(
    await interrupt(first, ['SIGINT', 'SIGINT']),
    /^130: experiment: stopped by SIGINT; the same command goes on/,
  );
  t.deepEqual(groups(), []);

  // this run need not wait for the measurement at its start
  const store = new Store(out);
  const run = await store.readRun();
  if (run === null) throw new Error('no run.json');
  const capacities = { s1: 6, s2: 13, s3: 13, s4: 27, s5: 27 };
  writeFileSync(join(out, 'run.json'), JSON.stringify({ ...run, capacities, capacityAlone: 86 }));

  await using second = start(out);
  await until('the first cell', () => cells(out).length === 1);
  t.regex(await interrupt(second, ['SIGTERM']), /^143: experiment: stopped by SIGTERM/);
  // on a busy machine its generator may lag, and it would be measured again: another test checks that
  for (const [name] of cells(out)) {
    const cell = await readCell(join(out, name));
    await store.write({ ...cell, discarded: null });
  }
  const measured = cells(out);
  t.deepEqual(groups(), []);

  await using third = start(out);
  await until('another cell', () => cells(out).length > measured.length);
  t.regex(await interrupt(third, ['SIGINT']), /^130:/);
  for (const [name, changedMs] of measured) {
    t.is(statSync(join(out, name)).mtimeMs, changedMs, `${name} was measured again`);
  }
  t.deepEqual(groups(), []);
  t.is((await store.readRun())?.startedAt, run.startedAt);
  t.true(readFileSync(join(out, 'run.json'), 'utf8').includes('"capacityAlone":86'));
});
