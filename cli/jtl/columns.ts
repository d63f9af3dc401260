import { quote } from '../../shared/contract/problem.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import { fieldsOf } from './csv.ts';

const needed = ['timeStamp', 'elapsed', 'success'] as const;
const useful = ['responseCode', 'label', 'server', 'due'] as const;

export type ColumnName = (typeof needed)[number] | (typeof useful)[number];

/** The positions of the columns in a line. */
export interface Columns {
  readonly delimiter: string;
  readonly count: number;
  /** The first line: JMeter repeats it where it appends to a file. */
  readonly header: string;
  readonly at: ReadonlyMap<ColumnName, number>;
}

/** What is wrong with the first line. */
export interface NoColumns {
  readonly what: string;
  readonly expected: string;
  readonly got?: string;
  readonly fix: string;
}

const withProperties = "Run JMeter with -q and the plans' jtl.properties (docs/load-testing.md).";
const expectedNames = 'a first line with the names of the columns, such as timeStamp,elapsed,success';

/** Finds the columns in the first line, in whatever order, and the delimiter between them. Pure. */
export function readColumns(first: string): Result<Columns, NoColumns> {
  const header = first.replace(/^\uFEFF/, '');
  // Node.js decodes invalid UTF-8 as U+FFFD
  if (/[\0\uFFFD]/.test(header)) {
    return err({ what: 'not a result file of JMeter', expected: 'text', got: 'binary data', fix: withProperties });
  }
  if (/^\s*</.test(header)) {
    return err({ what: 'not a CSV file', expected: 'CSV', got: quote(header, 30), fix: withProperties });
  }
  // the delimiter may be any single character that is not in a name
  const delimiter = /^"?\w+"?([^\w"])/.exec(header)?.[1];
  const names = delimiter === undefined ? [header] : fieldsOf(header, delimiter);
  const at = new Map<ColumnName, number>();
  for (const name of [...needed, ...useful]) if (names.includes(name)) at.set(name, names.indexOf(name));
  if (at.size === 0) {
    return err({
      what: 'the names of the columns are missing',
      expected: expectedNames,
      got: quote(header, 40),
      fix: withProperties,
    });
  }
  const missing = needed.filter((name) => !at.has(name));
  if (missing.length > 0 || delimiter === undefined) {
    const expected = `columns ${needed.join(', ')}`;
    return err({ what: 'a column is missing', expected, got: `no ${missing.join(', ')}`, fix: withProperties });
  }
  return ok({ delimiter, count: names.length, header, at });
}
