import test from 'ava';
import fc from 'fast-check';
import { type Line, splitLines } from '../../shared/lines.ts';

async function split(chunks: readonly Buffer[], maxBytes = 1_000): Promise<Line[]> {
  const stream = (async function* () {
    yield* chunks;
  })();
  const lines: Line[] = [];
  for await (const line of splitLines(stream, maxBytes)) lines.push(line);
  return lines;
}

test('lines are the same however the bytes come, characters of several bytes too', async (t) => {
  const lines = fc.array(
    fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ' ')),
    { maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(lines, fc.array(fc.nat({ max: 100 }), { maxLength: 6 }), async (texts, cuts) => {
      const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
      const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
      const chunks = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
      const found = await split(chunks, 100_000);
      return JSON.stringify(found) === JSON.stringify(texts.map((text, i) => ({ number: i + 1, text, ended: true })));
    }),
    { numRuns: 300, seed: 403 },
  );
  t.pass();
});

test('a last line that does not end is told apart; an empty file has no line', async (t) => {
  t.deepEqual(await split([Buffer.from('a\nb')]), [
    { number: 1, text: 'a', ended: true },
    { number: 2, text: 'b', ended: false },
  ]);
  t.deepEqual(await split([]), []);
});

test('a line over the limit is skipped with its number, at the limit it is not', async (t) => {
  const found = await split([Buffer.from('12345\n123'), Buffer.from('45'), Buffer.from('6\nab\n')], 5);
  t.deepEqual(
    found.map(({ number, text }) => [number, text]),
    [
      [1, '12345'],
      [2, null],
      [3, 'ab'],
    ],
  );
});
