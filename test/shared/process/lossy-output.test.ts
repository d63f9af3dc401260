import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { LossyOutput, maxWaitingBytes } from '../../../shared/process/lossy-output.ts';

/** A reader that takes a line when told to. */
class Reader extends Writable {
  readonly lines: string[] = [];
  readonly #asked: ((error?: Error) => void)[] = [];

  constructor() {
    super({ decodeStrings: false });
  }

  override _write(text: string, _: BufferEncoding, done: (error?: Error) => void): void {
    this.lines.push(text);
    this.#asked.push(done);
  }

  /** Like standard error, which can be written after an error too. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    done(error);
    (this as unknown as { _undestroy(): void })._undestroy();
  }

  async takes(error?: Error): Promise<void> {
    this.#asked.shift()?.(error);
    await setImmediate();
    await setImmediate();
  }

  async takesAll(): Promise<void> {
    while (this.#asked.length > 0) await this.takes();
  }
}

const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
const note = (lost: number) => `${lost} lost`;

test('lines pass unchanged', async (t) => {
  const reader = new Reader();
  const output = new LossyOutput(reader, note);
  output.write('a\n');
  output.write('b\n');
  await reader.takesAll();
  t.deepEqual(reader.lines, ['a\n', 'b\n']);
});

test('lines that a full disk did not take are left out, counted, and reported before the next line', async (t) => {
  const reader = new Reader();
  const output = new LossyOutput(reader, note);
  for (const line of ['a\n', 'b\n', 'c\n']) {
    output.write(line);
    await reader.takes(full);
  }
  output.write('d\n');
  await reader.takes();
  output.write('e\n');
  await reader.takes();
  t.is(reader.lines.at(-2), '\n3 lost\nd\n');
  t.is(reader.lines.at(-1), 'e\n', 'once');
});

test('for a reader that stops reading a bounded number of lines waits, and the rest is counted', async (t) => {
  const reader = new Reader();
  const output = new LossyOutput(reader, note);
  const line = `${'x'.repeat(1_000)}\n`;
  const fit = Math.floor(maxWaitingBytes / line.length);
  for (let count = 0; count < 3 * fit; count += 1) output.write(line);
  t.is(output.writableLength, 0, 'nothing waits here');
  t.true(reader.writableLength <= maxWaitingBytes && reader.writableLength > maxWaitingBytes - 2 * line.length);
  await reader.takesAll();
  output.write('after\n');
  await reader.takesAll();
  t.is(reader.lines.length, fit + 1);
  t.is(reader.lines.at(-1), `\n${2 * fit} lost\nafter\n`);
});
