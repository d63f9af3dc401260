import { open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { Haweight } from '../../support/process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const startMs = 1_764_200_000_000;
const header = 'timeStamp,elapsed,label,responseCode,success';
const lines = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => `${startMs + from + index},20,GET /a,200,true\n`).join('');

test('of a file of 4 GB Ctrl-C leaves the figures of what was read, and the exit code 130', async (t) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'large.jtl');
  const file = await open(path, 'w');
  await file.write(`${header}\n${lines(0, 20_000)}`);
  // the rest holds no blocks on the disk, as after a crash
  await file.truncate(4 * 1024 ** 3);
  await file.close();
  await using process = new Haweight(['jtl', path, '--by', 'label']);
  await until(
    () => 'the file is opened',
    async () => (await openedBy(process.pid)).includes(path),
  );
  const { code, stdout, stderr } = await process.stop('SIGINT');
  t.is(code, 130, stderr);
  t.regex(stdout, /\n! only the first \d+\.\d% of the file was read\n/);
  t.regex(stdout, /\nall +\d+ +0\.00%/);
  t.regex(stderr, /(^|\n)haweight: .*large\.jtl: stopped by SIGINT, at \d+ % of the file\n$/);
  t.false(stderr.includes('\u001b'));
});

test('memory stays small however long a file is, also with names that never come again', async (t) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'long.jtl');
  const file = await open(path, 'w');
  await file.write('timeStamp,elapsed,label,responseCode,success,threadName,server\n');
  for (let from = 0; from < 200_000; from += 20_000) {
    const rows = Array.from({ length: 20_000 }, (_, index) => {
      const id = from + index;
      return `${startMs + id},20,GET /${id}-1,E${id},${id % 2 === 0},"thread ${id}",s${id}\n`;
    });
    await file.write(rows.join(''));
  }
  await file.close();
  await using process = new Haweight(['jtl', path, '--json'], {}, { node: ['--max-old-space-size=64'] });
  const { code, stdout, stderr } = await process.finished;
  t.is(code, 0, stderr);
  t.is((JSON.parse(stdout) as { all: { requests: number } }).all.requests, 200_000);
});

/** The files that a process has open. */
async function openedBy(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  return await Promise.all(names.map(async (name) => await readlink(join(folder, name)).catch(() => '')));
}
