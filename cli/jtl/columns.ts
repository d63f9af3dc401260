import {
  type JtlFault,
  jtlFaults,
  jtlWithoutColumns,
  jtlWithoutNames,
  jtlXml,
} from '../../shared/contract/problems/jtl.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import { fieldsOf } from './csv.ts';
import { durationOf, isTruthWord, timeOf } from './values.ts';

const needed = ['timeStamp', 'elapsed', 'success'] as const;
const useful = ['responseCode', 'label', 'server', 'due', 'responseMessage', 'threadName', 'URL'] as const;
const known = [...needed, ...useful];

export type ColumnName = (typeof known)[number];

/** The positions of the columns in a line. */
export interface Columns {
  readonly delimiter: string;
  /** All names, in lower case; empty where there are none. */
  readonly names: readonly string[];
  readonly count: number;
  readonly at: ReadonlyMap<ColumnName, number>;
}

/** Of a line that cannot be the header of a result file. */
export interface NoColumns {
  readonly fault: JtlFault;
  /** Whether the file is refused: the lines after this one cannot help. */
  readonly isFinal: boolean;
}

/** Finds the columns in a line of names, in whatever order, and the delimiter between them. Pure. */
export function readColumns(line: string): Result<Columns, NoColumns> {
  const header = line.replace(/^\uFEFF/, '');
  // Node.js decodes invalid UTF-8 as U+FFFD; line ends and tabs are text
  if (/\uFFFD|(?![\t\n\v\f\r\x85])\p{Cc}/u.test(header)) return err({ fault: jtlFaults.binary, isFinal: true });
  if (/^\s*</.test(header)) return err({ fault: jtlXml(header), isFinal: true });
  const tried = delimitersIn(header).map((delimiter) => columnsOf(header, delimiter));
  const best = tried.toSorted((one, other) => other.at.size - one.at.size)[0];
  if (best === undefined || best.at.size === 0) return err({ fault: jtlWithoutNames(header), isFinal: false });
  const missing = needed.filter((name) => !best.at.has(name));
  return missing.length === 0 ? ok(best) : err({ fault: jtlWithoutColumns(needed, missing), isFinal: true });
}

/** Any single character may be one that is not in a name. */
function delimitersIn(header: string): readonly string[] {
  const marks = new Set(header.slice(0, 2_000).replaceAll(/[\w"]/g, ''));
  return [...new Set([...marks, ','])].slice(0, 20);
}

function columnsOf(header: string, delimiter: string): Columns {
  const names = fieldsOf(header, delimiter).map((name) => name.trim().toLowerCase());
  const at = new Map<ColumnName, number>();
  for (const name of known) {
    const index = names.indexOf(name.toLowerCase());
    if (index !== -1) at.set(name, index);
  }
  return { delimiter, names, count: names.length, at };
}

/** What comes before `success` is always in this order; the plan's settings only leave some of it out. */
const [timeAt, elapsedAt, labelAt, codeAt, messageAt] = [0, 1, 2, 3, 4];
const usualDelimiters = [',', ';', '\t', '|'];

/** The columns of a request without names, from JMeter's own order; null if the line is none. Pure. */
export function inferColumns(line: string): Columns | null {
  for (const delimiter of usualDelimiters) {
    if (!line.includes(delimiter)) continue;
    const fields = fieldsOf(line.replace(/^\uFEFF/, ''), delimiter).map((field) => field.trim());
    const successAt = fields.findIndex((field, index) => index > elapsedAt && /^(true|false)$/i.test(field));
    const isRequest = timeOf(fields[timeAt] ?? '') !== null && durationOf(fields[elapsedAt] ?? '') !== null;
    if (isRequest && successAt !== -1)
      return { delimiter, names: [], count: fields.length, at: inOrder(fields, successAt) };
  }
  return null;
}

function inOrder(fields: readonly string[], successAt: number): Columns['at'] {
  const at = new Map<ColumnName, number>([
    ['timeStamp', timeAt],
    ['elapsed', elapsedAt],
    ['success', successAt],
  ]);
  if (successAt > labelAt) at.set('label', labelAt);
  if (successAt > codeAt && isCode(fields[codeAt] ?? '')) at.set('responseCode', codeAt);
  if (successAt > messageAt) {
    at.set('responseMessage', messageAt);
    const hasType = /^(text|bin|)$/.test(fields[successAt - 1] ?? '');
    at.set('threadName', Math.max(messageAt, successAt - (hasType ? 2 : 1)));
  }
  return at;
}

/** A status of HTTP, or JMeter's name of a failure. */
export function isCode(text: string): boolean {
  return /^(\d{3}(?:[.,]0)?|Non HTTP response code.*|)$/.test(text);
}

/** Whether a text may stand in the column of that name, in lower case, as far as JMeter's columns tell. */
export function mayBe(name: string, text: string): boolean {
  switch (name) {
    case 'timestamp':
    case 'due':
      return timeOf(text) !== null || text === '0';
    case 'elapsed':
      return durationOf(text) !== null || /^-?\d*$/.test(text);
    case 'success':
      return isTruthWord(text);
    case 'responsecode':
      return isCode(text);
    case 'datatype':
      return /^(text|bin|)$/.test(text);
    default:
      return !numeric.has(name) || /^-?\d*(?:[.,]0)?$/.test(text);
  }
}

const numeric = new Set(
  'bytes sentbytes grpthreads allthreads latency idletime connect samplecount errorcount'.split(' '),
);
