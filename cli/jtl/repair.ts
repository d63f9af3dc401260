import { type Columns, mayBe } from './columns.ts';
import { isTruthWord, truthOf } from './values.ts';

/* Lines with other than the expected number of fields, which are nearly always failures: a message holds the delimiter. */

/**
 * The fields of a line in which one text holds delimiters without being quoted, put together again; null if no way or
 * several different ways fit the columns. Pure.
 */
export function joinTorn(fields: readonly string[], columns: Columns): readonly string[] | null {
  const { names, count, delimiter, at } = columns;
  const extra = fields.length - count;
  if (extra <= 0 || names.length === 0) return null;
  const fits = (index: number, text = '') => mayBe(names[index] ?? '', text.trim());
  // what is before the text must fit from the start of the line, what is after it from the end
  let last = 0;
  while (last < count - 1 && fits(last, fields[last])) last += 1;
  let first = count - 1;
  while (first > 0 && fits(first, fields[first + extra])) first -= 1;
  const read = [...at].flatMap(([name, index]) => (name === 'threadName' || name === 'responseMessage' ? [] : [index]));
  let found: readonly string[] | null = null;
  for (let torn = first; torn <= last; torn += 1) {
    const text = fields.slice(torn, torn + extra + 1).join(delimiter);
    if (!fits(torn, text)) continue;
    const joined = [...fields.slice(0, torn), text, ...fields.slice(torn + extra + 1)];
    const earlier = found;
    if (earlier !== null && read.some((index) => earlier[index] !== joined[index])) return null;
    found ??= joined;
  }
  return found;
}

/** Without the empty fields that spreadsheets add to the end of a line. */
export function withoutEmptyEnd(fields: readonly string[], count: number): readonly string[] {
  return fields.length > count && fields.slice(count).every((field) => field.trim() === '')
    ? fields.slice(0, count)
    : fields;
}

/** Whether a line that cannot be read says, counted from its start or from its end, that the request failed. */
export function saysFailure(fields: readonly string[], { at, count }: Columns): boolean {
  const index = at.get('success') ?? 0;
  const texts = [fields[index], fields[fields.length - count + index]].map((text) => text?.trim() ?? '');
  const said = texts.filter(isTruthWord).map(truthOf);
  return said.includes(false) && !said.includes(true);
}
