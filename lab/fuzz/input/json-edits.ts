import fc from 'fast-check';
import { indexAt, share, sizeUpTo } from './draws.ts';
import type { Edit } from './edits.ts';
import { nastyNumbers } from './nasty.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What JSON.stringify cannot write (1e999, NaN, deep nesting) stands behind this mark in a string, and is put in as text. */
const mark = 'raw-json:';
const raw = new RegExp(`"${mark}([^"]*)"`, 'g');

/** Deepest nesting: far beyond what a recursive reader can take, and within every size limit. */
const maxDepth = 20_000;

const badNumber = fc.constantFrom(...nastyNumbers).map((text) => `${mark}${text || '0'}`);
const badString = fc.constantFrom(
  '',
  '__proto__',
  'a\nb',
  '\u0000',
  '\u001b[31m',
  '\ud800',
  'x'.repeat(400),
  'ok',
  'unavailable',
);
const otherType = fc.constantFrom<Json[]>(null, true, false, [], {});
const deep = fc
  .tuple(fc.constantFrom('[', '[1,'), sizeUpTo(maxDepth))
  .map(([open, depth]) => `${mark}${open.repeat(depth)}2${']'.repeat(depth)}`);
const badValue: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: badNumber },
  { weight: 1, arbitrary: badString },
  { weight: 1, arbitrary: otherType },
  { weight: 2, arbitrary: deep },
);
const key = fc.constantFrom('__proto__', 'constructor', 'extra', 'status', 'version', '');

/** What becomes of one value; undefined where it is left out. */
type Change = (value: Json) => Json | undefined;

const put = badValue.map(
  (bad): Change =>
    () =>
      bad,
);
const leaveOut = fc.constant<Change>(() => undefined);
const add = fc.tuple(key, badValue).map(([name, bad]): Change => {
  return (value) => {
    if (Array.isArray(value)) return [...value, bad];
    if (typeof value !== 'object' || value === null) return bad;
    return Object.fromEntries([...Object.entries(value), [name, bad]]);
  };
});
const repeatOrDropItem = fc.tuple(share, fc.nat(2), badValue).map(([at, copies, bad]): Change => {
  return (value) => {
    if (!Array.isArray(value)) return bad;
    const index = indexAt(at, value.length);
    return value.flatMap((item, each) => (each === index ? Array<Json>(copies).fill(item) : [item]));
  };
});

const change = fc.oneof(put, leaveOut, add, repeatOrDropItem);

/** Changes one or two values anywhere in a JSON document; anything else comes back unchanged. */
export const jsonEdits = fc.array(fc.tuple(share, change), { minLength: 1, maxLength: 2 }).map((changes): Edit => {
  return (bytes) => {
    const document = parse(bytes.toString('utf8'));
    if (document === undefined) return bytes;
    const count = countValues(document);
    const changeAt = new Map(changes.map(([at, each]) => [indexAt(at, count), each]));
    const text = JSON.stringify(rewrite(document, changeAt)) ?? '';
    return Buffer.from(text.replaceAll(raw, '$1'));
  };
});

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** How many values a document holds, at all depths, itself included. */
function countValues(value: Json): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, each: Json) => sum + countValues(each), 1);
}

/** The document with some values changed, given by their index in the order of the text. */
function rewrite(document: Json, changeAt: ReadonlyMap<number, Change>): Json | undefined {
  let index = -1;
  const visit = (value: Json): Json | undefined => {
    index += 1;
    const change = changeAt.get(index);
    const children = withChildren(value, visit);
    return change === undefined ? children : change(children);
  };
  return visit(document);
}

function withChildren(value: Json, visit: (child: Json) => Json | undefined): Json {
  if (Array.isArray(value)) return value.map((each: Json) => visit(each) ?? null);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, each]) => [name, visit(each)] as const);
  return Object.fromEntries(entries.filter(([, each]) => each !== undefined)) as Json;
}
