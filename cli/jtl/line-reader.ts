import { type Problem, ProblemError } from '../../shared/contract/problem.ts';
import {
  type JtlFault,
  jtlAssumed,
  jtlAssumptions,
  jtlDamaged,
  jtlInvalid,
  jtlTimes,
  jtlWithoutLine,
} from '../../shared/contract/problems/jtl.ts';
import { type Columns, inferColumns, readColumns } from './columns.ts';
import { type CsvRecord, fieldsOf } from './csv.ts';
import { readRecord } from './read-record.ts';
import { type JtlSample, readSample } from './sample.ts';
import { isDate, timeOf, whyNoTimes } from './values.ts';

/** What a line became. */
export type Read =
  | { readonly kind: 'sample'; readonly sample: JtlSample }
  /** Left out, unless all that could be read is that it failed. */
  | { readonly kind: 'damage'; readonly problem: Problem; readonly isFailure: boolean }
  | { readonly kind: 'assumption'; readonly problem: Problem };

/** Most lines before the header: a file may begin within a run, or with a log. */
const maxBefore = 20;

/** Reads records by the columns that are in force: they may change within a file, as JMeter appends and people join files. */
export class LineReader {
  readonly #file: string;
  readonly #assumed = new Set<JtlFault>();
  readonly #before: CsvRecord[] = [];
  #columns: Columns | null = null;
  #fault: JtlFault | null = null;
  #hasTimes = false;

  constructor(file: string) {
    this.#file = file;
  }

  /** null before the header. */
  get columns(): Columns | null {
    return this.#columns;
  }

  /** Whether several lines may be one record: none after the first is a record by itself. */
  readonly fits = (record: string): boolean => {
    const columns = this.#columns;
    if (columns === null) return true;
    const fieldsIn = (text: string) => fieldsOf(text, columns.delimiter);
    const isRecord = (line: string) => {
      const fields = fieldsIn(line);
      return fields.length === columns.count && readSample(fields, columns).ok;
    };
    return fieldsIn(record).length === columns.count && !record.split('\n').slice(1).some(isRecord);
  };

  /** Throws a ProblemError if this is no result file, or no time in it can be read. */
  *read(record: CsvRecord): Generator<Read> {
    if (record.text?.trim() === '') return;
    if (this.#columns === null) yield* this.#begin(record);
    else yield* this.#line(record, this.#columns);
  }

  /** Throws a ProblemError if there was no header. */
  end(): void {
    if (this.#fault !== null) throw new ProblemError(jtlInvalid(this.#file, this.#fault));
  }

  *#begin(record: CsvRecord): Generator<Read> {
    const text = record.text ?? record.rest;
    // a spreadsheet's way to tell its delimiter
    if (/^\uFEFF?"?sep=."?$/i.test(text)) return;
    const named = readColumns(text);
    const inferred = named.ok ? null : inferColumns(text);
    const columns = named.ok ? named.value : inferred;
    if (columns === null) return this.#wait(record, named.ok ? null : named.error);
    for (const { line, damage } of this.#before)
      yield this.#damage(line, damage ?? 'before the names of the columns', false);
    this.#columns = columns;
    this.#fault = null;
    if (inferred === null) return;
    yield* this.#assume(this.#file, jtlAssumptions.order);
    yield* this.#line(record, columns);
  }

  #wait(record: CsvRecord, error: { readonly fault: JtlFault; readonly isFinal: boolean } | null): void {
    this.#fault ??=
      record.text === null && !record.isCut ? jtlWithoutLine(record.damage ?? '') : (error?.fault ?? null);
    this.#before.push(record);
    if (error?.isFinal === true) throw new ProblemError(jtlInvalid(this.#file, error.fault));
    if (this.#before.length >= maxBefore) this.end();
  }

  *#line(record: CsvRecord, columns: Columns): Generator<Read> {
    if (!this.#hasTimes) yield* this.#checkTimes(record, columns);
    const outcome = readRecord(record, columns);
    if (outcome.kind === 'sample') {
      if (outcome.hasOtherColumns) yield* this.#assume(`${this.#file}:${record.line}`, jtlAssumptions.otherColumns);
      yield { kind: 'sample', sample: outcome.sample };
    } else if (outcome.kind === 'header') this.#columns = outcome.columns;
    else yield this.#damage(record.line, outcome.what, outcome.isFailure);
  }

  /** Until the first valid time. */
  *#checkTimes({ text }: CsvRecord, { at, count, delimiter }: Columns): Generator<Read> {
    const fields = fieldsOf(text ?? '', delimiter);
    if (fields.length < count) return;
    const time = fields[at.get('timeStamp') ?? 0]?.trim() ?? '';
    const why = whyNoTimes(time);
    if (why !== null) throw new ProblemError(jtlInvalid(this.#file, jtlTimes(why, time)));
    this.#hasTimes = timeOf(time) !== null;
    if (isDate(time)) yield* this.#assume(this.#file, jtlAssumptions.dates);
  }

  #damage(line: number, what: string, isFailure: boolean): Read {
    return { kind: 'damage', problem: jtlDamaged(`${this.#file}:${line}`, what), isFailure };
  }

  /** Each only once. */
  *#assume(where: string, assumption: JtlFault): Generator<Read> {
    if (this.#assumed.has(assumption)) return;
    this.#assumed.add(assumption);
    yield { kind: 'assumption', problem: jtlAssumed(where, assumption) };
  }
}
