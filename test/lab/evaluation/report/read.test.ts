import { execFileSync } from 'node:child_process';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { matrices } from '../../../../lab/evaluation/matrix.ts';
import { readResults } from '../../../../lab/evaluation/report/results.ts';
import { completenessText } from '../../../../lab/evaluation/report/tables/setting.ts';
import { ProblemError } from '../../../../shared/contract/problem.ts';
import { temporaryFolder } from '../../../haproxy/setup.ts';
import { cellOf, requestsOf, run, writeCell, writeRun } from './results-folder.ts';

test('a cell that does not count is in no figure, but is counted and listed with its reason', async (t) => {
  await using folder = await temporaryFolder();
  await writeRun(folder.path);
  await writeCell(folder.path, cellOf({ requests: requestsOf([[10, 200]]) }));
  await writeCell(folder.path, cellOf({ repetition: 2, discarded: 'the generator\nlagged | by 80 ms' }));
  const results = await readResults(folder.path);
  t.deepEqual(
    results.cells.map(({ repetition }) => repetition),
    [1],
  );
  t.deepEqual(
    results.discarded.map(({ repetition, reason }) => [repetition, reason]),
    [[2, 'the generator\nlagged | by 80 ms']],
  );
  t.is(results.missing, sizeOf('full') * 3 - 2);
  const text = completenessText(results);
  t.regex(text, /^1 cells count, 1 were discarded, \d+ are missing\./);
  t.true(text.includes('| steady-50 | roundrobin | 2 | the generator lagged \\| by 80 ms |'), text);
});

test('a quick run misses only what is in its own matrix; a file that is being written is passed over', async (t) => {
  await using folder = await temporaryFolder();
  await writeRun(folder.path, { ...run, matrix: 'quick', repetitions: 1 });
  const file = await writeCell(folder.path, cellOf({ scenario: 'steady-70' }));
  await writeFile(`${file}.part`, 'half');
  t.is((await readResults(folder.path)).missing, sizeOf('quick') - 1);
});

test('nothing measured yet: no cell, all of them missing', async (t) => {
  await using folder = await temporaryFolder();
  await writeRun(folder.path);
  const { cells, missing } = await readResults(folder.path);
  t.deepEqual([cells.length, missing], [0, sizeOf('full') * 3]);
});

const plain = cellOf();
const damages: readonly { name: string; says: RegExp; damage: (file: string, folder: string) => Promise<void> }[] = [
  {
    name: 'cut off',
    says: /cannot be unpacked; got "unexpected end of file"/,
    damage: async (file) => writeFile(file, (await readFile(file)).subarray(0, 80)),
  },
  { name: 'empty', says: /cannot be unpacked|is not JSON/, damage: (file) => writeFile(file, '') },
  { name: 'not packed', says: /cannot be unpacked/, damage: (file) => writeFile(file, JSON.stringify(plain)) },
  { name: 'not JSON', says: /is not JSON/, damage: (file) => writeFile(file, gzipSync('{"format":1')) },
  {
    name: 'of another form',
    says: /requests\.status\.0 is invalid; got "Invalid input/,
    damage: (file) => writeFile(file, packed({ requests: { ...plain.requests, status: ['200'] } })),
  },
  {
    name: 'with columns of unequal length',
    says: /columns of requests differ in length/,
    damage: (file) => writeFile(file, packed({ requests: { ...plain.requests, status: [200, 200] } })),
  },
  {
    name: 'with an unknown server',
    says: /a request has an unknown server/,
    damage: (file) => writeFile(file, packed({ requests: { ...plain.requests, server: [5] } })),
  },
  {
    name: 'with samples of too few servers',
    says: /samples are not of every server/,
    damage: (file) => writeFile(file, packed({ samples: { ...plain.samples, up: [] } })),
  },
  {
    name: 'with samples of unequal length',
    says: /columns of samples differ in length/,
    damage: (file) => writeFile(file, packed({ samples: { ...plain.samples, atMs: [1] } })),
  },
  {
    name: 'without a request',
    says: /holds no request/,
    damage: (file) => writeFile(file, packed({ requests: requestsOf([]) })),
  },
  {
    name: 'another cell under this name',
    says: /holds the cell "raw\/steady-50\/roundrobin-2\.json\.gz"/,
    damage: (file) => writeFile(file, packed({ repetition: 2 })),
  },
  {
    name: 'too large to be one',
    says: /is larger than 16 MiB/,
    damage: (file) => writeFile(file, Buffer.alloc(16 * 2 ** 20 + 1)),
  },
  {
    name: 'unpacking to more than a cell ever is',
    says: /cannot be unpacked; got "Cannot create a Buffer larger/,
    damage: (file) => writeFile(file, gzipSync(Buffer.alloc(129 * 2 ** 20))),
  },
  {
    name: 'a named pipe',
    says: /cannot be unpacked|cannot be read/,
    damage: async (file) => {
      await rm(file);
      execFileSync('mkfifo', [file]);
    },
  },
  {
    name: 'run.json missing',
    says: /run\.json: there is no such file/,
    damage: (_, folder) => rm(join(folder, 'run.json')),
  },
  {
    name: 'run.json of another form',
    says: /run\.json: jobs is invalid/,
    damage: (_, folder) => writeRun(folder, { ...run, jobs: 0 }),
  },
  {
    name: 'run.json a folder',
    says: /run\.json: cannot be read/,
    damage: async (_, folder) => {
      await rm(join(folder, 'run.json'));
      await rename(join(folder, 'raw'), join(folder, 'run.json'));
    },
  },
];

for (const { name, says, damage } of damages) {
  test(`a damaged file is named in one line, with what is wrong: ${name}`, async (t) => {
    await using folder = await temporaryFolder();
    await writeRun(folder.path);
    const file = await writeCell(folder.path, plain);
    await damage(file, folder.path);
    const error = await t.throwsAsync(readResults(folder.path), { instanceOf: ProblemError });
    t.is(error?.problem.code, 'results-damaged');
    t.true(error?.message.startsWith(folder.path));
    t.true(/run\.json/.test(name) || error?.problem.where === file);
    t.regex(error?.message ?? '', says);
    t.notRegex(error?.message ?? '', /\n/);
  });
}

function packed(part: object): Buffer {
  return gzipSync(JSON.stringify({ ...plain, ...part }));
}

function sizeOf(matrix: keyof typeof matrices): number {
  return matrices[matrix].contenders.length * matrices[matrix].scenarios.length;
}
