import { type Problem, quote } from '../problem.ts';

/** Problems of JMeter's result files. */

const expected = 'a CSV result file of JMeter (-l FILE)';
const properties = "-q and the plans' jtl.properties (docs/load-testing.md).";
const withProperties = `Run JMeter with ${properties}`;
const inMs = 'jmeter.save.saveservice.timestamp_format=ms';

/** What is wrong with a file; the place is added where the file is known. */
export type JtlFault = Omit<Problem, 'code' | 'where'>;

export const jtlFaults = {
  empty: { what: 'the file is empty', expected },
  onlyNuls: { what: 'the file holds only NUL bytes', expected },
  binary: { what: 'not a result file of JMeter', expected: 'text', got: 'binary data', fix: withProperties },
  gzip: { what: 'the file is compressed with gzip', expected, fix: 'Unpack it first: gunzip FILE' },
  zip: {
    what: 'the file is a zip archive, as of a spreadsheet',
    expected,
    fix: 'Unpack it, or use the file that JMeter wrote.',
  },
} as const satisfies Record<string, JtlFault>;

export function jtlXml(start: string): JtlFault {
  const fix = `Save CSV: jmeter -Jjmeter.save.saveservice.output_format=csv ..., or run it with ${properties}`;
  return { what: 'not a CSV file', expected: 'CSV, not XML', got: quote(start, 30), fix };
}

export function jtlWithoutNames(first: string): JtlFault {
  const names = 'a first line with the names of the columns, such as timeStamp,elapsed,success';
  return {
    what: 'the names of the columns are missing',
    expected: names,
    got: quote(first, 40),
    fix: withProperties,
  };
}

export function jtlWithoutLine(damage: string): JtlFault {
  return { what: `the names of the columns are missing: ${damage}`, expected };
}

export function jtlWithoutColumns(needed: readonly string[], missing: readonly string[]): JtlFault {
  const fix = missing.includes('timeStamp') ? `Set ${inMs}, or run JMeter with ${properties}` : withProperties;
  return {
    what: 'a column is missing',
    expected: `columns ${needed.join(', ')}`,
    got: `no ${missing.join(', ')}`,
    fix,
  };
}

export function jtlWithoutColumn(name: string): JtlFault {
  return { what: `there is no column ${name}`, fix: 'docs/load-testing.md says how to record it.' };
}

export function jtlWithoutRequests(got: string, fix?: string): JtlFault {
  return { what: 'no request counts', expected: 'one', got, ...(fix === undefined ? {} : { fix }) };
}

/** Times of a whole file that cannot be read; `what` says why. */
export function jtlTimes(what: string, text: string): JtlFault {
  const fix = `Use the file as JMeter wrote it, and let JMeter write times in ms: ${inMs}`;
  return { what, expected: 'times in ms, such as 1764200000000', got: quote(text, 30), fix };
}

export const jtlAssumptions = {
  order: {
    what: "there are no names of the columns: they are taken to be in JMeter's own order",
    fix: 'Record them with jmeter.save.saveservice.print_field_names=true',
  },
  dates: { what: 'times are dates, without a time zone', fix: `Record with ${inMs}` },
  otherColumns: {
    what: 'lines have other columns than the header, as of an appended run without one; they are read as far as they go',
    fix: 'Remove an old result file before a run',
  },
} as const satisfies Record<string, JtlFault>;

export function jtlInvalid(file: string, fault: JtlFault): Problem {
  return { code: 'jtl-invalid', where: file, ...fault };
}

/** The file is read, under an assumption. `where` is the file, or the file and the line. */
export function jtlAssumed(where: string, assumption: JtlFault): Problem {
  return { code: 'jtl-assumed', where, ...assumption };
}

/** `where` is the file and the line. */
export function jtlDamaged(where: string, what: string): Problem {
  return { code: 'jtl-damaged', where, what };
}

export function jtlUnreadable(file: string, cause: unknown): Problem {
  const got = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return { code: 'jtl-unreadable', where: file, what: 'cannot be read', expected, got };
}
