import { quote } from '../../shared/contract/problem.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import type { ColumnName, Columns } from './columns.ts';
import { fieldsOf } from './csv.ts';

/** One request as measured by JMeter. */
export interface JtlSample {
  /** When it was sent, in ms of the wall clock. */
  readonly sentAtMs: number;
  /** When it was due, in ms of the wall clock; null if the file does not say. */
  readonly dueAtMs: number | null;
  /** From sending to the end of the answer, in ms. */
  readonly elapsedMs: number;
  readonly isSuccess: boolean;
  readonly isTimeout: boolean;
  /** HTTP status, or JMeter's name of the failure. */
  readonly code: string;
  readonly label: string;
  /** Empty if no server answered. */
  readonly server: string;
}

/** Valid times: the years 2000 to 2100. */
const [earliestMs, latestMs] = [Date.UTC(2000, 0), Date.UTC(2100, 0)];
const dayMs = 86_400_000;

/** Converts a record to a sample. Errors: what is wrong, in a few words. Pure. */
export function readSample(record: string, { at, count, delimiter }: Columns): Result<JtlSample, string> {
  const fields = fieldsOf(record, delimiter);
  if (fields.length !== count) return err(`${fields.length} columns; expected ${count}`);
  const text = (name: ColumnName) => fields[at.get(name) ?? -1] ?? '';
  const sentAtMs = whole(text('timeStamp'), earliestMs, latestMs);
  if (sentAtMs === null) return err(`timeStamp is not a valid time in ms: ${quote(text('timeStamp'), 30)}`);
  const elapsedMs = whole(text('elapsed'), 0, dayMs);
  if (elapsedMs === null) return err(`elapsed is not a time in ms of at most one day: ${quote(text('elapsed'), 30)}`);
  const success = text('success').toLowerCase();
  if (success !== 'true' && success !== 'false') {
    return err(`success is neither true nor false: ${quote(text('success'), 30)}`);
  }
  const code = text('responseCode').replace(/^Non HTTP response code: (?:[\w$]+\.)*/, '');
  const server = text('server');
  return ok({
    sentAtMs,
    dueAtMs: whole(text('due'), earliestMs, latestMs),
    elapsedMs,
    isSuccess: success === 'true',
    isTimeout: success === 'false' && /timeout/i.test(code),
    code: code === '' ? '-' : code,
    label: text('label'),
    server: server === '-' || server === 'null' ? '' : server,
  });
}

function whole(text: string, least: number, most: number): number | null {
  if (!/^\d{1,16}$/.test(text)) return null;
  const value = Number(text);
  return value >= least && value <= most ? value : null;
}
