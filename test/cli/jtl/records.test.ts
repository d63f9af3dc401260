import { Readable } from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import { readColumns } from '../../../cli/jtl/columns.ts';
import { type CsvRecord, fieldsOf, RecordJoiner } from '../../../cli/jtl/csv.ts';
import { readSample } from '../../../cli/jtl/sample.ts';
import { JtlSummary } from '../../../cli/jtl/summary.ts';
import { splitLines } from '../../../shared/lines.ts';

/* The reader of result files, without files. */

/** In pieces of any size, as files are read. */
function inPieces(bytes: Buffer, size: number): AsyncIterable<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return Readable.from(pieces);
}

async function recordsOf(bytes: Buffer, size = 16): Promise<CsvRecord[]> {
  const all: CsvRecord[] = [];
  const joiner = new RecordJoiner();
  for await (const line of splitLines(inPieces(bytes, size), 64 * 1024)) all.push(...joiner.add(line));
  return [...all, ...joiner.end()];
}

/** As JMeter writes a field. */
function written(field: string, delimiter: string): string {
  const special = ['"', '\n', '\r', delimiter].some((each) => field.includes(each));
  return special ? `"${field.replaceAll('"', '""')}"` : field;
}

const anyField = fc.string({ unit: fc.constantFrom('a', '1', '"', ',', ';', '\n', ' ', 'ü', '<'), maxLength: 8 });
const anyDelimiter = fc.constantFrom(',', ';', '\t', '|');

test('every written field is read back, whatever it holds and however the file is split', async (t) => {
  const anyTable = fc.array(fc.array(anyField, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(anyTable, anyDelimiter, fc.integer({ min: 1, max: 30 }), async (table, delimiter, size) => {
      const text = table
        .map((fields) => `${fields.map((field) => written(field, delimiter)).join(delimiter)}\n`)
        .join('');
      const read = await recordsOf(Buffer.from(text), size);
      t.deepEqual(
        read.map((record) => fieldsOf(record.text ?? '', delimiter)),
        table,
      );
      t.true(read.every(({ damage }) => damage === null));
    }),
  );
});

test('any bytes become samples or damage, every line is counted, and no figure is impossible', async (t) => {
  const header = 'timeStamp,elapsed,success,responseCode,server,due';
  const columns = readColumns(header);
  if (!columns.ok) throw new Error('unreadable');
  const anyPiece = fc.oneof(
    fc.constantFrom(
      ',',
      '\n',
      '"',
      '""',
      '1795354698432',
      '20',
      'true',
      'false',
      's1',
      '-',
      '-1',
      '9e99',
      '\0',
      '\u001b',
    ),
    fc.constant('1795354698432,20,true,200,s1,1795354698400\n'),
    fc.string({ maxLength: 5 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anyPiece, { maxLength: 60 }), async (pieces) => {
      const text = pieces.join('');
      const read = await recordsOf(Buffer.from(text), 7);
      const lines = read.reduce((sum, record) => sum + (record.text ?? '').split('\n').length, 0);
      t.is(lines, text.split('\n').length - (text.endsWith('\n') || text === '' ? 1 : 0));
      const result = new JtlSummary({ by: 'server', withinMs: 1_000, warmupMs: 0, fromDue: true });
      for (const record of read) {
        const sample = readSample(fieldsOf(record.text ?? '', ','), columns.value);
        if (sample.ok) result.add(sample.value);
        else t.false(/\p{Cc}/u.test(sample.error));
      }
      const { all, groups } = result.summary;
      t.is(
        groups.reduce((sum, { requests }) => sum + requests, 0),
        all.requests,
      );
      for (const { withinShare, failedShare, p50Ms, p99Ms, maxMs } of [all, ...groups]) {
        t.true((withinShare ?? 0) + (failedShare ?? 0) <= 1);
        t.true((p50Ms ?? 0) <= (p99Ms ?? 0) && (p99Ms ?? 0) <= (maxMs ?? 0));
      }
    }),
    { numRuns: 300 },
  );
});

test('a file that ends within a line, even after a quote, loses only that line', async (t) => {
  const read = await recordsOf(Buffer.from('a,"b\nc,d\ne,"f\ng,h\ni,"j'));
  t.deepEqual(
    read.map(({ line, text }) => [line, text]),
    [
      [1, 'a,"b\nc,d\ne,"f'],
      [4, 'g,h'],
      [5, null],
    ],
  );
  const stray = await recordsOf(Buffer.from('a,"b\nc,d\ne,"f'));
  t.deepEqual(
    stray.map(({ line, text }) => [line, text]),
    [
      [1, null],
      [2, 'c,d'],
      [3, null],
    ],
  );
});

test('quotes that never close damage only their own lines, in linear time', async (t) => {
  const lines = Array.from({ length: 20_000 }, (_, index) => (index % 3 === 0 ? `"${index},b` : `${index},b`));
  const read = await recordsOf(Buffer.from(`${lines.join('\n')}\n`), 65_536);
  t.true(read.length > 0);
  const stray = await recordsOf(Buffer.from(`a,"b\n${'c,d\n'.repeat(50_000)}`), 65_536);
  t.is(stray.filter(({ damage }) => damage !== null).length, 1);
  t.is(stray.length, 50_001);
});

test('memory does not grow with the number of servers, codes or requests in a file', (t) => {
  const result = new JtlSummary({ by: 'server', withinMs: 1_000, warmupMs: 0, fromDue: false });
  for (let index = 0; index < 5_000; index += 1) {
    result.add({
      ...{ sentAtMs: 1_795_354_698_432 + index, dueAtMs: null, elapsedMs: 5, isSuccess: false, isTimeout: false },
      ...{ code: `E${index}`, label: 'x', server: `s${index}`, thread: '', isTransaction: false },
    });
  }
  const { all, groups } = result.summary;
  t.is(groups.length, 201);
  t.is(all.errors.length, 41);
  t.is(all.requests, 5_000);
});
