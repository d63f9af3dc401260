import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ProcRoot } from '../../../agent/kernel/proc-root.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('a file of any size up to 64 MiB is read whole', async (t) => {
  await using folder = await temporaryFolder();
  const files = new ProcRoot(folder.path);
  for (const length of [0, 1, 65_535, 65_536, 65_537, 200_000]) {
    const text = 'ä'.repeat(length / 2).padEnd(length / 2 + (length % 2), 'x');
    writeFileSync(join(folder.path, 'file'), text);
    const read = files.text('/file');
    t.true(read.ok && read.value === text, String(length));
  }
  t.is(files.textOrNull('/file')?.length, 100_000);
});

test('a larger file is refused in one line, and the next one is read', async (t) => {
  await using folder = await temporaryFolder();
  const files = new ProcRoot(folder.path);
  writeFileSync(join(folder.path, 'huge'), 'cpu  1 2 3');
  truncateSync(join(folder.path, 'huge'), 1024 ** 3);
  const read = files.text('/huge');
  t.like(read.ok ? null : read.error, { reason: 'failed', detail: '/huge: over 67108864 bytes' });
  writeFileSync(join(folder.path, 'small'), 'small');
  t.is(files.textOrNull('/small'), 'small');
});

test('bytes that were read stay what they are', async (t) => {
  await using folder = await temporaryFolder();
  const files = new ProcRoot(folder.path);
  writeFileSync(join(folder.path, 'one'), 'one');
  writeFileSync(join(folder.path, 'two'), 'two');
  const one = files.bytesOrNull('/one');
  files.bytesOrNull('/two');
  t.is(Buffer.from(one ?? []).toString(), 'one');
});

test('what is missing, or a folder, has a reason of its own', async (t) => {
  await using folder = await temporaryFolder();
  const files = new ProcRoot(folder.path);
  mkdirSync(join(folder.path, 'folder'));
  const [missing, aFolder] = [files.text('/none'), files.text('/folder')];
  t.like(missing.ok ? null : missing.error, { reason: 'not-supported', detail: '/none is not there' });
  t.like(aFolder.ok ? null : aFolder.error, { reason: 'failed', detail: '/folder: EISDIR' });
  t.deepEqual(files.folders('/'), ['folder']);
  t.deepEqual(files.folders('/none'), []);
});
