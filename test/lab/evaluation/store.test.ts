import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { lockFolder } from '../../../lab/evaluation/folder-lock.ts';
import { blocksOf } from '../../../lab/evaluation/matrix.ts';
import { readCell } from '../../../lab/evaluation/read.ts';
import type { Cell } from '../../../lab/evaluation/record.ts';
import { Store } from '../../../lab/evaluation/store.ts';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { Child } from '../../../testbed/rig/child.ts';

const cell: Cell = {
  format: 1,
  scenario: 'fails-fast',
  contender: 'paper+random',
  repetition: 2,
  seed: 5,
  startedAt: '2026-01-01T00:00:00.000Z',
  durationMs: 1_000,
  servers: [{ name: 's1', cores: 0.1, capacity: 20 }],
  requests: { atMs: [1], responseMs: [20.5], status: [200], server: [0] },
  samples: { atMs: [500], weights: [[100]], utilisation: [[0.5]], up: [[1]] },
  generator: { p99LagMs: 1, maxLagMs: 2 },
  discarded: null,
};

const lockModule = new URL('../../../lab/evaluation/folder-lock.ts', import.meta.url).href;

function folder(t: { teardown: (end: () => void) => void }): string {
  const path = mkdtempSync(join(tmpdir(), 'haweight-store-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('a finished cell is skipped, and one that does not count or is damaged is measured again', async (t) => {
  const path = folder(t);
  const store = new Store(path);
  const block = blocksOf('full', 2).find(
    ({ contender, repetition }) => contender.name === 'paper+random' && repetition === 2,
  );
  if (block === undefined) throw new Error('no such block');
  const isMissing = async () =>
    (await store.missingOf([block])).some(({ scenarios }) => scenarios.some(({ name }) => name === 'fails-fast'));
  t.true(await isMissing());
  await store.write(cell);
  t.false(await isMissing());
  t.is(
    (await store.missingOf([block]))[0]?.scenarios.length,
    block.scenarios.length - 1,
    'the others are still to be measured',
  );
  t.true(
    (await store.missingOf([{ ...block, repetition: 1 }]))[0]?.scenarios.some(({ name }) => name === 'fails-fast'),
  );
  await store.write({ ...cell, discarded: 'the generator lagged' });
  t.true(await isMissing());
  await store.write(cell);
  writeFileSync(join(path, 'raw', 'fails-fast', 'paper+random-2.json.gz'), 'half a fi');
  t.true(await isMissing());
});

test('a result of a run before the scenario was renamed still counts, and reads with the name of today', async (t) => {
  const path = folder(t);
  const store = new Store(path);
  mkdirSync(join(path, 'raw', 'failing'), { recursive: true });
  const file = join(path, 'raw', 'failing', 'paper+random-2.json.gz');
  writeFileSync(file, gzipSync(JSON.stringify({ ...cell, scenario: 'failing' })));
  t.is((await readCell(file)).scenario, 'fails-fast');
  const block = blocksOf('full', 2).find(({ contender: { name }, repetition }) => {
    return name === 'paper+random' && repetition === 2;
  });
  if (block === undefined) throw new Error('no such block');
  const missing = (await store.missingOf([block])).flatMap(({ scenarios }) => scenarios.map(({ name }) => name));
  t.false(missing.includes('fails-fast'));
});

test('a block with nothing left to measure is skipped', async (t) => {
  const store = new Store(folder(t));
  const [block] = blocksOf('full', 1);
  if (block === undefined) throw new Error('no block');
  for (const { name } of block.scenarios) {
    await store.write({ ...cell, scenario: name, contender: block.contender.name, repetition: 1 });
  }
  t.deepEqual(await store.missingOf([block]), []);
});

test('a damaged run.json gives one line that names the file', async (t) => {
  const path = folder(t);
  t.is(await new Store(path).readRun(), null);
  writeFileSync(join(path, 'run.json'), '{"format": 1');
  const error = await t.throwsAsync(() => new Store(path).readRun(), { instanceOf: ProblemError });
  t.true(error?.problem.where.endsWith('run.json'));
});

test('a folder that cannot be made gives one line that names it', async (t) => {
  const error = await t.throwsAsync(lockFolder('/dev/null/results'), { instanceOf: ProblemError });
  t.is(error?.problem.where, '/dev/null/results');
  t.regex(error?.problem.got ?? '', /ENOTDIR/);
});

test('one run at a time has a folder, by any path, and the lock of a killed run is free', async (t) => {
  const path = folder(t);
  const link = join(folder(t), 'link');
  symlinkSync(path, link);
  const ends = `await (await import(${JSON.stringify(lockModule)})).lockFolder(${JSON.stringify(path)});
    process.kill(process.pid, 'SIGKILL');`;
  await new Child('holder', [process.execPath, '--input-type=module', '-e', ends]).ended;
  // of two at the same moment one has it
  const both = await Promise.allSettled([lockFolder(path), lockFolder(link)]);
  t.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  const error = await t.throwsAsync(lockFolder(path), { instanceOf: ProblemError });
  t.is(error?.problem.what, `process ${process.pid} uses these results`);
  for (const lock of both) if (lock.status === 'fulfilled') await lock.value[Symbol.asyncDispose]();
  await using _again = await lockFolder(path);
});
