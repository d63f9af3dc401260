import { err, ok, type Result } from '../shared/contract/result.ts';

/**
 * The lines of a complete reply, without their line feeds. HAProxy ends every line with one and every reply with an
 * empty line; a reply that does not end so was cut, however whole its last row looks.
 */
export function replyLines(reply: string): Result<readonly string[], string> {
  if (!reply.endsWith('\n\n')) return err('it was cut off');
  return ok(reply.slice(0, -2).split('\n'));
}

/** Positions of the columns that are read. HAProxy's versions differ in the others, and may order them as they like. */
export interface Columns<Name extends string> {
  readonly width: number;
  readonly at: Readonly<Record<Name, number>>;
}

export function findColumns<Name extends string>(
  header: readonly string[],
  names: readonly Name[],
): Result<Columns<Name>, string> {
  const missing = names.filter((name) => !header.includes(name));
  if (missing.length > 0) return err(`its header lacks ${missing.join(', ')}`);
  const at = Object.fromEntries(names.map((name) => [name, header.indexOf(name)])) as Record<Name, number>;
  return ok({ width: header.length, at });
}

/** HAProxy's counters have up to 20 digits. Beyond 15 a number loses precision; the columns read here stay below. */
const integer = /^-?\d{1,15}$/;

/** More seconds than this cannot be an exact number of ms. */
const longestSeconds = Math.floor(Number.MAX_SAFE_INTEGER / 1_000);

/**
 * Reads the fields of one row after another, by column name, and remembers the first fault. Values read after a fault
 * are meaningless: the caller looks at `fault` before it uses them.
 */
export class RowReader<Name extends string> {
  fault: string | null = null;
  readonly #columns: Columns<Name>;
  #row: readonly string[] = [];
  #number = 0;

  constructor(columns: Columns<Name>) {
    this.#columns = columns;
  }

  next(row: readonly string[]): void {
    this.#row = row;
    this.#number += 1;
    if (row.length !== this.#columns.width) this.#fail(`it has ${row.length} fields instead of ${this.#columns.width}`);
  }

  text(name: Name): string {
    return this.#row[this.#columns.at[name]] ?? '';
  }

  /** A whole number from 0 to `max`. */
  count(name: Name, max = Number.MAX_SAFE_INTEGER): number {
    const text = this.text(name);
    const value = Number(text);
    if (integer.test(text) && value >= 0 && value <= max) return value;
    this.#fail(`${name} is not a whole number${max < Number.MAX_SAFE_INTEGER ? ` from 0 to ${max}` : ''}`);
    return 0;
  }

  /** A count, or null where the field is empty, which is how HAProxy leaves out what does not apply. */
  countOrNull(name: Name): number | null {
    return this.text(name) === '' ? null : this.count(name);
  }

  /** An age in seconds as ms; null where it is empty, or negative, as HAProxy writes "never". */
  ageMsOrNull(name: Name): number | null {
    const text = this.text(name);
    if (text === '' || (text.startsWith('-') && integer.test(text))) return null;
    return this.count(name, longestSeconds) * 1_000;
  }

  /** Notes that this row cannot be used; only the first fault of a reply is kept. */
  #fail(what: string): void {
    this.fault ??= `row ${this.#number}: ${what}`;
  }

  /** One of the listed texts, translated. */
  choice<Value>(name: Name, choices: Readonly<Record<string, Value>>, otherwise: Value): Value {
    const text = this.text(name);
    if (Object.hasOwn(choices, text)) return choices[text] as Value;
    this.#fail(`${name} is none of ${Object.keys(choices).join(', ')}`);
    return otherwise;
  }
}
