import { err, ok, type Result } from '../shared/contract/result.ts';

/**
 * The lines of a complete reply, without their line feeds. HAProxy ends every line with one and every reply with an
 * empty line; a reply that does not end so was cut, however whole its last row looks. More empty lines at the end mean nothing.
 */
export function replyLines(reply: string): Result<readonly string[], string> {
  if (!reply.endsWith('\n\n')) return err('it was cut off');
  let end = reply.length - 2;
  while (end > 0 && reply[end - 1] === '\n') end -= 1;
  return ok(reply.slice(0, end).split('\n'));
}

/** Severities of syslog(3), as `severity-output number` and `severity-output string` write them. */
const severity = /^\[(?:[0-7]|emerg|alert|crit|err|warning|notice|info|debug)\]: /;
/** From warning to debug: what HAProxy says beside a command that it carried out. */
const harmless = /^\[(?:[4-7]|warning|notice|info|debug)\]: (?!Unknown command)/i;

/**
 * A reply without the severity that a `stats socket` with `severity-output` puts before it. It puts one before messages, never
 * before data, and not before an empty line.
 */
export function withoutSeverity(reply: string): string {
  return reply.replace(severity, '');
}

/** The reply to a command that writes, without HAProxy's remarks. Text that is left is an error. */
export function errorText(reply: string): string {
  const lines = reply.split('\n').filter((line) => line !== '' && !harmless.test(line));
  return lines.map(withoutSeverity).join('\n');
}

/** Positions of the columns that are read. HAProxy's versions differ in the others, and may order them as they like. */
export interface Columns<Name extends string> {
  readonly width: number;
  /** -1: this version has no such column. */
  readonly at: Readonly<Record<Name, number>>;
}

/** `optional`: columns that some versions lack; their fields read as empty. */
export function findColumns<Name extends string, Optional extends string = never>(
  header: readonly string[],
  names: readonly Name[],
  optional: readonly Optional[] = [],
): Result<Columns<Name | Optional>, string> {
  const missing = names.filter((name) => !header.includes(name));
  if (missing.length > 0) return err(`its header lacks ${missing.join(', ')}`);
  const at = Object.fromEntries([...names, ...optional].map((name) => [name, header.indexOf(name)]));
  return ok({ width: header.length, at: at as Record<Name | Optional, number> });
}

/** HAProxy's counters have up to 20 digits. Beyond 15 a number loses precision; the columns read here stay below. */
const integer = /^-?\d{1,15}$/;

/** More seconds than this cannot be an exact number of ms. */
const longestSeconds = Math.floor(Number.MAX_SAFE_INTEGER / 1_000);

/**
 * Reads the fields of one row after another, by column name, and remembers the first fault of each. A value that cannot be read
 * is 0 or empty: the caller looks at `fault` before it uses the row.
 */
export class RowReader<Name extends string> {
  /** What is wrong with this row; null while nothing is. */
  fault: string | null = null;
  readonly #columns: Columns<Name>;
  #row: readonly string[] = [];

  constructor(columns: Columns<Name>) {
    this.#columns = columns;
  }

  next(row: readonly string[]): void {
    this.#row = row;
    this.fault = null;
    if (row.length !== this.#columns.width) this.#fail(`it has ${row.length} fields instead of ${this.#columns.width}`);
  }

  /** Empty where this version has no such column. */
  text(name: Name): string {
    return this.#row[this.#columns.at[name]] ?? '';
  }

  /** Text, or null where it is empty or `-`, which is how HAProxy leaves out what does not apply. */
  textOrNull(name: Name): string | null {
    const text = this.text(name);
    return text === '' || text === '-' ? null : text;
  }

  /** A whole number from 0 to `max`. */
  count(name: Name, max = Number.MAX_SAFE_INTEGER): number {
    const text = this.text(name);
    const value = Number(text);
    if (integer.test(text) && value >= 0 && value <= max) return value;
    this.#fail(`${name} is not a whole number${max < Number.MAX_SAFE_INTEGER ? ` from 0 to ${max}` : ''}`);
    return 0;
  }

  /** A count, or null where the field is empty, `-` or not there. */
  countOrNull(name: Name): number | null {
    return this.textOrNull(name) === null ? null : this.count(name);
  }

  /** An age in seconds as ms; null where there is none, or a negative one, as HAProxy writes "never". */
  ageMsOrNull(name: Name): number | null {
    const text = this.textOrNull(name);
    if (text === null || (text.startsWith('-') && integer.test(text))) return null;
    return this.count(name, longestSeconds) * 1_000;
  }

  /** Notes that this row cannot be used; only its first fault is kept. */
  #fail(what: string): void {
    this.fault ??= what;
  }

  /** One of the listed texts, translated. */
  choice<Value>(name: Name, choices: Readonly<Record<string, Value>>, otherwise: Value): Value {
    const text = this.text(name);
    if (Object.hasOwn(choices, text)) return choices[text] as Value;
    this.#fail(`${name} is none of ${Object.keys(choices).join(', ')}`);
    return otherwise;
  }
}
