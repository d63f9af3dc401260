import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readRecordings } from '../../../controller/record/read-recordings.ts';
import type { TickRecord } from '../../../controller/record/recording.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { recordOf, start } from './support.ts';

const hour = 3_600_000;

async function ticksOf(folder: string, files: Readonly<Record<string, readonly Partial<TickRecord>[]>>) {
  const paths: string[] = [];
  for (const [name, records] of Object.entries(files)) {
    const path = join(folder, name);
    await writeFile(path, records.map((changes) => `${JSON.stringify(recordOf([], [], changes))}\n`).join(''));
    paths.push(path);
  }
  const ticks: number[] = [];
  for await (const read of readRecordings(paths)) if (read.ok) ticks.push(read.value.record.tick);
  return ticks;
}

test('files of one run are read in the order of its ticks, though the clock was set back between them', async (t) => {
  await using folder = await temporaryFolder();
  const files = {
    'ticks.jsonl': [
      { tick: 3, at: start - hour + 4_000 },
      { tick: 4, at: start - hour + 6_000 },
    ],
    'ticks.jsonl.1': [
      { tick: 1, at: start },
      { tick: 2, at: start + 2_000 },
    ],
  };
  t.deepEqual(await ticksOf(folder.path, files), [1, 2, 3, 4]);
});

test('files of different runs are read by their time, whatever the order in which they are named', async (t) => {
  await using folder = await temporaryFolder();
  const files = {
    'b.jsonl': [{ run: start + hour, tick: 1, at: start + hour }],
    'a.jsonl': [{ tick: 7, at: start }],
  };
  t.deepEqual(await ticksOf(folder.path, files), [7, 1]);
});

test('a pipe that nobody writes to is refused, not waited for', async (t) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'pipe');
  execFileSync('mkfifo', [path]);
  const read = async () => {
    for await (const _ of readRecordings([path])) t.fail();
  };
  await t.throwsAsync(read(), { message: /not a regular file/ });
});
