import { appendFile, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { checkRecordFile } from '../../../controller/record/record-problem.ts';
import { appendLines } from '../../../controller/record/rotating-file.ts';
import { formatProblem } from '../../../shared/contract/problem.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('lines are appended to what is there; a new file is for its owner only', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ticks');
  const options = { file, maxBytes: 1_000, files: 3 };
  await appendLines('a\n', options);
  t.is((await stat(file)).mode & 0o777, 0o600);
  await appendLines('b\nc\n', options);
  t.is(await readFile(file, 'utf8'), 'a\nb\nc\n');
});

test('half a line that a crash left is ended, so that the next one is whole', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ticks');
  await writeFile(file, 'a\nhalf');
  await appendLines('b\n', { file, maxBytes: 1_000, files: 3 });
  t.is(await readFile(file, 'utf8'), 'a\nhalf\nb\n');
});

test('files rotate before they grow over the size, FILE.1 is the one before, and the oldest goes', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ticks');
  for (const letter of 'abcdefgh') await appendLines(`${letter}\n`, { file, maxBytes: 4, files: 3 });
  t.deepEqual((await readdir(folder.path)).toSorted(), ['ticks', 'ticks.1', 'ticks.2']);
  t.is(await readFile(file, 'utf8'), 'g\nh\n');
  t.is(await readFile(`${file}.1`, 'utf8'), 'e\nf\n');
  t.is(await readFile(`${file}.2`, 'utf8'), 'c\nd\n');
});

test('one file only begins anew; a line over the size stands alone', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ticks');
  for (const line of ['a\n', 'a very long line\n', 'b\n']) await appendLines(line, { file, maxBytes: 4, files: 1 });
  t.deepEqual(await readdir(folder.path), ['ticks']);
  t.is(await readFile(file, 'utf8'), 'b\n');
});

test('a file that was moved away or removed meanwhile is made again', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ticks');
  const options = { file, maxBytes: 4, files: 3 };
  await appendLines('a\n', options);
  await rename(file, join(folder.path, 'moved'));
  await appendLines('b\n', options);
  await rm(file);
  await appendLines('c\n', options);
  t.is(await readFile(file, 'utf8'), 'c\n');
});

test('what cannot be written to is told with what to do, and nothing is made or changed', async (t) => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  await mkdir(join(path, 'folder'));
  await writeFile(join(path, 'file'), 'x');
  await symlink('/dev/null', join(path, 'device'));
  const said = async (name: string) => {
    const problem = await checkRecordFile(join(path, name));
    return problem === null ? 'fine' : formatProblem(problem);
  };
  t.is(await said('file'), 'fine');
  t.is(await said('new'), 'fine');
  t.regex(await said('none/ticks'), /none\/ticks: the recording cannot be written; .* got ENOENT\. Make the folder/);
  t.regex(await said('folder'), /got EISDIR\. Name a file in that folder/);
  t.regex(await said('file/ticks'), /got ENOTDIR/);
  t.regex(await said('device'), /got not a regular file/);
  t.deepEqual((await readdir(path)).toSorted(), ['device', 'file', 'folder']);
  await t.throwsAsync(appendLines('a\n', { file: join(path, 'device'), maxBytes: 10, files: 2 }), {
    message: /regular/,
  });
  await appendFile(join(path, 'file'), 'y');
  t.is(await readFile(join(path, 'file'), 'utf8'), 'xy');
});
