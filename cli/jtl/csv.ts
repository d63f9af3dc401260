/*
 * By hand, not with csv-parse: there, a stray quote takes all the lines after it with it, and so does a record over the
 * limit. Here such a line is given up alone, under its own number.
 */

import type { Line } from '../../shared/lines.ts';

/** One record of a file of comma-separated values: a line, or several where a quoted field holds newlines. */
export interface CsvRecord {
  /** Of its first line, counted from 1. */
  readonly line: number;
  /** null: not to be read, see `damage`. */
  readonly text: string | null;
  /** What is wrong with it, in a few words. */
  readonly damage: string | null;
}

/** The most that a record may have: JMeter's longest are messages of some hundred characters. */
export const maxRecordBytes = 64 * 1024;

/**
 * Records of lines. A record is whole when its quotes are even in number, as JMeter doubles quotes within quoted fields.
 * Where they never are, only the first line is given up, and reading goes on at the second: one stray quote must not
 * swallow what follows.
 */
export async function* records(lines: AsyncIterable<Line>): AsyncGenerator<CsvRecord> {
  const open = new OpenRecord();
  for await (const line of lines) yield* open.add(line);
  yield* open.end();
}

/** The lines of a record whose quotes are still odd in number. */
class OpenRecord {
  #lines: Line[] = [];
  #length = 0;

  *add(line: Line): Generator<CsvRecord> {
    const isOdd = hasOddQuotes(line);
    if (this.#lines.length === 0 && !isOdd) {
      yield recordOf([line]);
      return;
    }
    this.#lines.push(line);
    this.#length += line.text?.length ?? maxRecordBytes;
    if (this.#length > maxRecordBytes) yield* this.#giveUpFirst();
    // a line that is cut off closes nothing: it may not have been meant to
    else if (isOdd && line.ended && this.#lines.length > 1) yield recordOf(this.#take());
  }

  *end(): Generator<CsvRecord> {
    while (this.#lines.length > 0) yield* this.#giveUpFirst();
  }

  *#giveUpFirst(): Generator<CsvRecord> {
    const [first, ...rest] = this.#take();
    if (first === undefined) return;
    yield first.ended ? { line: first.number, text: null, damage: 'a quoted field does not end' } : recordOf([first]);
    for (const line of rest) yield* this.add(line);
  }

  #take(): Line[] {
    const lines = this.#lines;
    [this.#lines, this.#length] = [[], 0];
    return lines;
  }
}

function hasOddQuotes({ text }: Line): boolean {
  if (text === null || !text.includes('"')) return false;
  return text.split('"').length % 2 === 0;
}

function recordOf(lines: readonly Line[]): CsvRecord {
  const line = lines[0]?.number ?? 0;
  const last = lines.at(-1);
  if (lines.some(({ text }) => text === null)) {
    return { line, text: null, damage: `the line is longer than ${maxRecordBytes} bytes` };
  }
  if (last?.ended === false) return { line, text: null, damage: 'the line is cut off' };
  return { line, text: lines.map(({ text }) => text?.replace(/\r$/, '')).join('\n'), damage: null };
}

/** The fields of a record, without their quotes. `delimiter` is one character. */
export function fieldsOf(record: string, delimiter: string): readonly string[] {
  if (!record.includes('"')) return record.split(delimiter);
  const fields: string[] = [];
  let from = 0;
  for (;;) {
    if (record[from] !== '"') {
      const end = record.indexOf(delimiter, from);
      fields.push(record.slice(from, end === -1 ? undefined : end));
      if (end === -1) return fields;
      from = end + 1;
      continue;
    }
    const end = closingQuote(record, from + 1);
    fields.push(record.slice(from + 1, end).replaceAll('""', '"'));
    const next = record.indexOf(delimiter, end + 1);
    if (next === -1) return fields;
    from = next + 1;
  }
}

function closingQuote(record: string, from: number): number {
  for (let at = record.indexOf('"', from); at !== -1; at = record.indexOf('"', at + 2)) {
    if (record[at + 1] !== '"') return at;
  }
  return record.length;
}
