import type { Dice } from './dice.ts';
import { nastyNumbers, nastyTokens } from './nasty.ts';

type Mutation = (bytes: Buffer, dice: Dice, other: Buffer) => Buffer;

/** Most bytes that one slice is repeated to: enough to see what grows faster than its input. */
const maxRepeated = 256 * 1024;

function slice(bytes: Buffer, dice: Dice): readonly [number, number] {
  const start = dice.below(bytes.length);
  return [start, Math.min(bytes.length, start + dice.size(bytes.length))];
}

function replace(bytes: Buffer, start: number, end: number, by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, start), by, bytes.subarray(end)]);
}

/** How much of an input is searched for a place to change: all of one would take longer than to parse it. */
const windowBytes = 2_048;

/** One run of the pattern, somewhere; nothing where there is none. Latin-1, so that offsets are those of bytes. */
function find(bytes: Buffer, pattern: RegExp, dice: Dice): readonly [number, number] {
  const from = dice.below(Math.max(1, bytes.length - windowBytes));
  const text = bytes.toString('latin1', from, from + windowBytes);
  const spans = Array.from(text.matchAll(pattern), ({ index, 0: found }) => [index, index + found.length] as const);
  const [start, end] = spans[dice.below(spans.length)] ?? [0, 0];
  return [from + start, from + end];
}

const number = /-?\d+(?:\.\d+)?/g;
/** A field of JSON, CSV, YAML or of what the kernel writes. */
const field = /[^\s,;:{}[\]"]+/g;
const line = /[^\n]*\n/g;

export const mutations: Readonly<Record<string, Mutation>> = {
  flipBit: (bytes, dice) => {
    const copy = Buffer.from(bytes);
    const at = dice.below(copy.length);
    if (copy.length > 0) copy.writeUInt8(copy.readUInt8(at) ^ (1 << dice.below(8)), at);
    return copy;
  },
  insertBytes: (bytes, dice) => {
    const at = dice.below(bytes.length + 1);
    return replace(bytes, at, at, dice.bytes(dice.size(8)));
  },
  deleteSlice: (bytes, dice) => replace(bytes, ...slice(bytes, dice), Buffer.alloc(0)),
  repeatSlice: (bytes, dice) => {
    const [start, end] = slice(bytes, dice);
    const part = bytes.subarray(start, Math.min(end, start + 64));
    return part.length === 0 ? bytes : replace(bytes, start, start, Buffer.alloc(dice.size(maxRepeated), part));
  },
  truncate: (bytes, dice) => bytes.subarray(0, dice.below(bytes.length + 1)),
  splice: (bytes, dice, other) => {
    const [start, end] = slice(other, dice);
    return replace(bytes, ...slice(bytes, dice), other.subarray(start, end));
  },
  concatenate: (bytes, _, other) => Buffer.concat([bytes, other]),
  insertToken: (bytes, dice) => {
    const at = dice.below(bytes.length + 1);
    return replace(bytes, at, at, dice.pick(nastyTokens));
  },
  replaceField: (bytes, dice) => replace(bytes, ...find(bytes, field, dice), dice.pick(nastyTokens)),
  replaceNumber: (bytes, dice) => replace(bytes, ...find(bytes, number, dice), Buffer.from(dice.pick(nastyNumbers))),
  deleteField: (bytes, dice) => replace(bytes, ...find(bytes, field, dice), Buffer.alloc(0)),
  copyField: (bytes, dice) => {
    const from = bytes.subarray(...find(bytes, field, dice));
    return replace(bytes, ...find(bytes, field, dice), from);
  },
  deleteLine: (bytes, dice) => replace(bytes, ...find(bytes, line, dice), Buffer.alloc(0)),
  copyLine: (bytes, dice) => {
    const [at] = find(bytes, line, dice);
    return replace(bytes, at, at, bytes.subarray(...find(bytes, line, dice)));
  },
};

const all = Object.values(mutations) as [Mutation, ...Mutation[]];

/** Some mutations, one after the other: mostly one to three, so that much of the input stays as it was. */
export function mutate(bytes: Buffer, dice: Dice, other: Buffer, maxBytes: number): Buffer {
  let mutated = bytes;
  do mutated = dice.pick(all)(mutated, dice, other).subarray(0, maxBytes);
  while (dice.chance(0.55));
  return mutated;
}
