/*
 * By hand, not with csv-parse: there, a stray quote or a record over the limit also loses all lines after it. Here only
 * that line is reported, with its number.
 */

import type { Line } from '../../shared/lines.ts';

/** One record of a CSV file: a line, or several if a quoted field contains newlines. */
export interface CsvRecord {
  /** Number of its first line, from 1. */
  readonly line: number;
  /** null: damaged, see `damage`. */
  readonly text: string | null;
  /** What is wrong with it, in a few words. */
  readonly damage: string | null;
  /** What there is of a damaged record; empty if it is too long. */
  readonly rest: string;
  /** Whether the file ends within it. */
  readonly isCut: boolean;
}

/** Largest size of a record. The message of a failed assertion may hold a whole page. */
export const maxRecordBytes = 1024 * 1024;

/**
 * Joins lines to records. A record is complete when its number of quotes is even: JMeter doubles quotes in quoted fields.
 * If it never is, or what was joined does not fit, only the first line is reported as damaged, and reading continues at the
 * second: one stray quote must not lose the lines after it.
 */
export class RecordJoiner {
  readonly #fits: (record: string) => boolean;
  /** The lines of a record whose number of quotes is still odd. */
  #lines: Line[] = [];
  #length = 0;

  /** `fits` says whether several lines may be one record. */
  constructor(fits: (record: string) => boolean = () => true) {
    this.#fits = fits;
  }

  *add(line: Line): Generator<CsvRecord> {
    const isOdd = hasOddQuotes(line);
    if (this.#lines.length === 0 && !isOdd) {
      yield recordOf([line]);
      return;
    }
    this.#lines.push(line);
    this.#length += line.text?.length ?? maxRecordBytes;
    if (this.#length > maxRecordBytes) yield* this.#giveUpFirst();
    // a cut-off line does not end a record: its last quote may not be a closing one
    else if (isOdd && line.ended && this.#lines.length > 1) yield* this.#join();
  }

  *#join(): Generator<CsvRecord> {
    const record = recordOf(this.#lines);
    if (record.text !== null && !this.#fits(record.text)) yield* this.#giveUpFirst();
    else {
      this.#take();
      yield record;
    }
  }

  *end(): Generator<CsvRecord> {
    while (this.#lines.length > 0) yield* this.#giveUpFirst();
  }

  *#giveUpFirst(): Generator<CsvRecord> {
    const [first, ...rest] = this.#take();
    if (first === undefined) return;
    const { number: line, text } = first;
    if (text === null || !first.ended) yield recordOf([first]);
    else yield { line, text: null, damage: 'a quoted field does not end', rest: text, isCut: false };
    for (const line of rest) yield* this.add(line);
  }

  #take(): Line[] {
    const lines = this.#lines;
    [this.#lines, this.#length] = [[], 0];
    return lines;
  }
}

function hasOddQuotes({ text }: Line): boolean {
  let isOdd = false;
  for (let at = text?.indexOf('"') ?? -1; at !== -1; at = text?.indexOf('"', at + 1) ?? -1) isOdd = !isOdd;
  return isOdd;
}

function recordOf(lines: readonly Line[]): CsvRecord {
  const line = lines[0]?.number ?? 0;
  const last = lines.at(-1);
  if (lines.some(({ text }) => text === null)) {
    return { line, text: null, damage: `the line is longer than ${maxRecordBytes} bytes`, rest: '', isCut: false };
  }
  const text = lines.length === 1 ? (lines[0]?.text ?? '') : lines.map(({ text }) => text).join('\n');
  if (last?.ended === false) return { line, text: null, damage: 'the line is cut off', rest: text, isCut: true };
  return { line, text, damage: null, rest: '', isCut: false };
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
