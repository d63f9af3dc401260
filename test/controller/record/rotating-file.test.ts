import {
  chmod,
  chown,
  lchown,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { checkRecordFile } from '../../../controller/record/record-problem.ts';
import { appendLines } from '../../../controller/record/rotating-file.ts';
import { formatProblem } from '../../../shared/contract/problem.ts';
import { rootTest } from '../../support/root.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A tick, as far as its beginning tells; all are equally long. */
const line = (text: string) => `{"haweightRecording":2,"test":"${text}"}\n`;
const lines = (texts: string) => [...texts].map(line).join('');
/** Room for two lines. */
const two = { maxBytes: 2 * line('a').length, files: 3 };

test('lines are appended to what is there; a new file is for its owner only', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ticks');
  const options = { file, maxBytes: 1_000, files: 3 };
  await appendLines(line('a'), options);
  t.is((await stat(file)).mode & 0o777, 0o600);
  await appendLines(lines('bc'), options);
  t.is(await readFile(file, 'utf8'), lines('abc'));
});

test('half a line that a crash left is ended, so that the next one is whole', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ticks');
  for (const half of [`${line('a')}half`, '{"haweightRec']) {
    await writeFile(file, half);
    await appendLines(line('b'), { file, maxBytes: 1_000, files: 3 });
    t.is(await readFile(file, 'utf8'), `${half}\n${line('b')}`);
  }
});

test('files rotate before they grow over the size, FILE.1 is the one before, and the oldest goes', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ticks');
  for (const letter of 'abcdefgh') await appendLines(line(letter), { file, ...two });
  t.deepEqual((await readdir(folder.path)).toSorted(), ['ticks', 'ticks.1', 'ticks.2']);
  t.is(await readFile(file, 'utf8'), lines('gh'));
  t.is(await readFile(`${file}.1`, 'utf8'), lines('ef'));
  t.is(await readFile(`${file}.2`, 'utf8'), lines('cd'));
});

test('one file only begins anew; a line over the size stands alone', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ticks');
  for (const each of ['a', 'a very long line'.repeat(9), 'b'])
    await appendLines(line(each), { file, ...two, files: 1 });
  t.deepEqual(await readdir(folder.path), ['ticks']);
  t.is(await readFile(file, 'utf8'), line('b'));
});

test('a file that was moved away or removed meanwhile is made again', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ticks');
  const options = { file, ...two };
  await appendLines(line('a'), options);
  await rename(file, join(folder.path, 'moved'));
  await appendLines(line('b'), options);
  await rm(file);
  await appendLines(line('c'), options);
  t.is(await readFile(file, 'utf8'), line('c'));
});

test('by a link, the file that it leads to is made and rotated, beside itself', async (t) => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, 'large'));
  const file = join(folder.path, 'ticks');
  await symlink('second', file);
  await symlink(join(folder.path, 'large', 'ticks'), join(folder.path, 'second'));
  for (const letter of 'abcde') await appendLines(line(letter), { file, ...two });
  t.deepEqual((await readdir(folder.path)).toSorted(), ['large', 'second', 'ticks']);
  t.deepEqual((await readdir(join(folder.path, 'large'))).toSorted(), ['ticks', 'ticks.1', 'ticks.2']);
  t.is(await readFile(file, 'utf8'), line('e'));
});

async function refusal(folder: string, name: string): Promise<string> {
  const problem = await checkRecordFile({ file: join(folder, name), files: 3 });
  return problem === null ? 'fine' : formatProblem(problem);
}

test('what cannot be written to is told with what to do, and nothing is made or changed', async (t) => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  await mkdir(join(path, 'folder'));
  await writeFile(join(path, 'file'), line('x'));
  await symlink('/dev/null', join(path, 'device'));
  await symlink('circle', join(path, 'circle'));
  const said = (name: string) => refusal(path, name);
  t.is(await said('file'), 'fine');
  t.is(await said('new'), 'fine');
  t.regex(await said('none/ticks'), /none\/ticks: the recording cannot be written; .* got ENOENT\. Make the folder/);
  t.regex(await said('folder'), /got EISDIR\. Name a file in that folder/);
  t.regex(await said('file/ticks'), /got ENOTDIR/);
  t.regex(await said('device'), /got not a regular file/);
  t.regex(await said('circle'), /got not a regular file/);
  t.deepEqual((await readdir(path)).toSorted(), ['circle', 'device', 'file', 'folder']);
  await t.throwsAsync(appendLines(line('a'), { file: join(path, 'device'), ...two }), { message: /regular/ });
  t.is(await readFile(join(path, 'file'), 'utf8'), line('x'));
});

for (const [how, make] of [
  ['itself', (victim: string, file: string) => rename(victim, file)],
  ['a symbolic link', symlink],
  ['a hard link', link],
  [
    'an older file, which would be renamed and at last removed',
    (victim: string, file: string) => rename(victim, `${file}.2`),
  ],
  ['an older link', (victim: string, file: string) => symlink(victim, `${file}.1`)],
] as const) {
  test(`a file that holds something else is neither written nor renamed: ${how}`, async (t) => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const file = join(path, 'ticks');
    await writeFile(join(path, 'victim'), 'precious\n'.repeat(20));
    await make(join(path, 'victim'), file);
    t.regex(
      await refusal(path, 'ticks'),
      /ticks: the recording cannot be written; .* got (a file that is no recording|not a regular file): \//,
    );
    const append = async () => {
      for (const each of 'abcdefgh') await appendLines(line(each), { file, ...two });
    };
    await t.throwsAsync(append(), { message: /a file that is no recording|not a regular file/ });
    const held = await Promise.all((await readdir(path)).map((name) => readFile(join(path, name), 'utf8')));
    t.true(held.includes('precious\n'.repeat(20)));
  });
}

const other = 54_321;
rootTest("another user's file or link in a folder for all is not written", async (t) => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  await chmod(path, 0o1777);
  await writeFile(join(path, 'own'), line('x'));
  await symlink('own', join(path, 'link'));
  await lchown(join(path, 'link'), other, other);
  await writeFile(join(path, 'file'), '', { mode: 0o666 });
  await chown(join(path, 'file'), other, other);
  for (const name of ['link', 'file']) {
    t.regex(await refusal(path, name), /got another user's file or link.*Name a file in a folder of your own\.$/);
    await t.throwsAsync(appendLines(line('a'), { file: join(path, name), ...two }), { message: /another user's/ });
  }
  t.is(await readFile(join(path, 'own'), 'utf8'), line('x'));
  // of the folder's owner, and in a folder that only its owner may write
  await chown(path, other, other);
  t.is(await refusal(path, 'link'), 'fine');
  await chown(path, 0, 0);
  await chmod(path, 0o755);
  t.is(await refusal(path, 'file'), 'fine');
});
