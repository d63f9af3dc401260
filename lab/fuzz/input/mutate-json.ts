import type { Dice } from './dice.ts';
import { nastyNumbers } from './nasty.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What JSON.stringify cannot write (1e999, a key that comes twice) is put in by text, in place of this. */
const mark = 'raw-json:';
const raw = new RegExp(`"${mark}([^"]*)"`, 'g');

/** Longest chain of brackets: far beyond what a recursive reader stands, and within every size limit. */
const maxDepth = 20_000;

const strings = [
  '',
  '__proto__',
  'a\nb',
  '\u0000',
  '\u001b[31m',
  '\ud800',
  'x'.repeat(400),
  'ok',
  'unavailable',
] as const;

function nastyValue(dice: Dice): Json {
  const kind = dice.below(8);
  if (kind < 4) return `${mark}${dice.pick(nastyNumbers) || '0'}`;
  if (kind === 4) return dice.pick(strings);
  if (kind === 5) return dice.pick([null, true, false, [], {}]);
  const depth = dice.size(maxDepth);
  return `${mark}${(kind === 6 ? '[' : '[1,').repeat(depth)}2${']'.repeat(depth)}`;
}

function changeHere(value: Json, dice: Dice): Json {
  if (Array.isArray(value) && dice.chance(0.6)) {
    const at = dice.below(value.length + 1);
    const copy = [...value];
    copy.splice(at, dice.below(2), ...Array.from({ length: dice.below(3) }, () => value[at] ?? nastyValue(dice)));
    return copy;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && dice.chance(0.6)) {
    const entries = Object.entries(value);
    const at = dice.below(entries.length);
    if (dice.chance(0.5)) entries.splice(at, 1);
    else entries.push([dice.pick(['__proto__', 'constructor', 'extra', 'status', 'version', '']), nastyValue(dice)]);
    return Object.fromEntries(entries);
  }
  return nastyValue(dice);
}

/** Changes one place of the tree, at any depth alike. */
function changeSomewhere(value: Json, dice: Dice): Json {
  if (typeof value !== 'object' || value === null || dice.chance(0.15)) return changeHere(value, dice);
  const keys = Object.keys(value);
  const key = keys[dice.below(keys.length)];
  if (key === undefined) return changeHere(value, dice);
  if (Array.isArray(value))
    return value.map((each, index) => (String(index) === key ? changeSomewhere(each, dice) : each));
  const entries = Object.entries(value).map(([name, each]) => [
    name,
    name === key ? changeSomewhere(each, dice) : each,
  ]);
  return Object.fromEntries(entries) as Json;
}

/** A document whose shape is right but for some places; what is no JSON comes back unchanged. */
export function mutateJson(bytes: Buffer, dice: Dice): Buffer {
  let value: Json;
  try {
    value = JSON.parse(bytes.toString('utf8')) as Json;
  } catch {
    return bytes;
  }
  do value = changeSomewhere(value, dice);
  while (dice.chance(0.3));
  return Buffer.from(JSON.stringify(value).replaceAll(raw, '$1'));
}
