import { quote } from '../../shared/contract/problem.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import { type ColumnName, type Columns, mayBe } from './columns.ts';
import { durationOf, isTruthWord, timeOf, truthOf } from './values.ts';

/** One line of a result file: a request, or a transaction of several. */
export interface JtlSample {
  /** When it was sent, in ms of the wall clock; null: failed at an unknown time, as before it was sent. */
  readonly sentAtMs: number | null;
  /** When it was due, in ms of the wall clock; null if the file does not say. */
  readonly dueAtMs: number | null;
  /** From sending to the end of the answer, in ms; null: failed after an unknown time. */
  readonly elapsedMs: number | null;
  readonly isSuccess: boolean;
  readonly isTimeout: boolean;
  /** HTTP status, or JMeter's name of the failure. */
  readonly code: string;
  readonly label: string;
  /** Empty if no server answered. */
  readonly server: string;
  /** JMeter's thread, which does one thing at a time; empty if the file does not say. */
  readonly thread: string;
  /** The sum of a transaction controller, with think times: no request. */
  readonly isTransaction: boolean;
}

/** Fixed in JMeter's source, in every language. */
const transactionMessage = /^Number of samples in transaction ?:/;

/**
 * Converts the fields of a line to a sample. A failure counts whatever its times are. Errors: what is wrong, in a few words.
 * Pure.
 */
export function readSample(fields: readonly string[], { at, names }: Columns): Result<JtlSample, string> {
  const text = (name: ColumnName) => {
    const index = at.get(name);
    return index === undefined ? '' : (fields[index] ?? '').trim();
  };
  const success = text('success');
  const isSuccess = isTruthWord(success) || isInPlace(fields, names) ? truthOf(success) : null;
  if (isSuccess === null) return err(`success is neither true nor false: ${quote(success, 30)}`);
  const sentAtMs = timeOf(text('timeStamp'));
  if (isSuccess && sentAtMs === null)
    return err(`timeStamp is not a valid time in ms: ${quote(text('timeStamp'), 30)}`);
  const elapsedMs = durationOf(text('elapsed'));
  if (isSuccess && elapsedMs === null) {
    return err(`elapsed is not a time in ms of at most one day: ${quote(text('elapsed'), 30)}`);
  }
  const code = text('responseCode').replace(/^Non HTTP response code: (?:[\w$]+\.)*/, '');
  const server = text('server');
  return ok({
    sentAtMs,
    dueAtMs: at.has('due') ? timeOf(text('due')) : null,
    elapsedMs,
    isSuccess,
    isTimeout: !isSuccess && /timeout/i.test(code),
    code: code === '' ? '-' : code,
    label: text('label'),
    server: server === '-' || server === 'null' ? '' : server,
    thread: text('threadName'),
    isTransaction: transactionMessage.test(text('responseMessage')),
  });
}

/** Where a text was torn apart, a 1 in the place of `success` is another column's. */
function isInPlace(fields: readonly string[], names: readonly string[]): boolean {
  return names.every((name, index) => name === 'success' || mayBe(name, (fields[index] ?? '').trim()));
}

/** A failure of which nothing else can be read. */
export const unreadableFailure: JtlSample = {
  ...{ sentAtMs: null, dueAtMs: null, elapsedMs: null, isSuccess: false, isTimeout: false },
  ...{ code: 'unreadable line', label: '', server: '', thread: '', isTransaction: false },
};
