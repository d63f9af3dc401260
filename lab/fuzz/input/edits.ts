import fc from 'fast-check';
import { indexAt, share, sizeUpTo } from './draws.ts';
import { nastyNumbers, nastyTokens } from './nasty.ts';

/** A change of an input; `other` is an input of the same corpus, for edits that mix two. */
export type Edit = (bytes: Buffer, other: Buffer) => Buffer;

/** Most bytes that one slice is repeated to: enough to see what grows faster than its input. */
const maxRepeatedBytes = 256 * 1024;
const maxRepeatedSlice = 64;
/** How much of an input is searched for a place to change: to search all of it would take longer than to parse it. */
const windowBytes = 2_048;

const number = /-?\d+(?:\.\d+)?/g;
/** A field of JSON, CSV, YAML or of a kernel file. */
const field = /[^\s,;:{}[\]"]+/g;
const line = /[^\n]*\n/g;

type Span = readonly [start: number, end: number];
const twoShares = fc.tuple(share, share);

function replace(bytes: Buffer, [start, end]: Span, by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, start), by, bytes.subarray(end)]);
}

/** Short ones far more often than long ones. */
function sliceOf(bytes: Buffer, [at, length]: Span): Span {
  const start = indexAt(at, bytes.length);
  return [start, Math.min(bytes.length, start + Math.floor(bytes.length ** length))];
}

/** A match of the pattern, somewhere; an empty span where there is none. Latin-1, so that offsets are those of bytes. */
function find(bytes: Buffer, pattern: RegExp, [window, match]: Span): Span {
  const from = indexAt(window, Math.max(1, bytes.length - windowBytes));
  const text = bytes.toString('latin1', from, from + windowBytes);
  const spans = Array.from(text.matchAll(pattern), ({ index, 0: found }) => [index, index + found.length] as const);
  const [start, end] = spans[indexAt(match, spans.length)] ?? [0, 0];
  return [from + start, from + end];
}

function insert(what: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Edit> {
  return fc.tuple(share, what).map(([place, by]) => (bytes) => {
    const at = indexAt(place, bytes.length + 1);
    return replace(bytes, [at, at], by);
  });
}

function replaceMatch(pattern: RegExp, what: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Edit> {
  return fc.tuple(twoShares, what).map(
    ([place, by]) =>
      (bytes) =>
        replace(bytes, find(bytes, pattern, place), by),
  );
}

const nothing = fc.constant(Buffer.alloc(0));
const token = fc.constantFrom(...nastyTokens);
const badNumber = fc.constantFrom(...nastyNumbers.map((text) => Buffer.from(text)));

const flipBit = fc.tuple(share, fc.nat(7)).map(([place, bit]): Edit => {
  return (bytes) => {
    if (bytes.length === 0) return bytes;
    const copy = Buffer.from(bytes);
    const at = indexAt(place, copy.length);
    copy.writeUInt8(copy.readUInt8(at) ^ (1 << bit), at);
    return copy;
  };
});

const deleteSlice = twoShares.map(
  (slice): Edit =>
    (bytes) =>
      replace(bytes, sliceOf(bytes, slice), Buffer.alloc(0)),
);

const repeatSlice = fc.tuple(twoShares, sizeUpTo(maxRepeatedBytes)).map(([slice, size]): Edit => {
  return (bytes) => {
    const [start, end] = sliceOf(bytes, slice);
    const part = bytes.subarray(start, Math.min(end, start + maxRepeatedSlice));
    return part.length === 0 ? bytes : replace(bytes, [start, start], Buffer.alloc(size, part));
  };
});

const truncate = share.map(
  (at): Edit =>
    (bytes) =>
      bytes.subarray(0, indexAt(at, bytes.length + 1)),
);

const splice = fc.tuple(twoShares, twoShares).map(([to, from]): Edit => {
  return (bytes, other) => replace(bytes, sliceOf(bytes, to), other.subarray(...sliceOf(other, from)));
});

const concatenate = fc.constant<Edit>((bytes, other) => Buffer.concat([bytes, other]));

const copyField = fc.tuple(twoShares, twoShares).map(([to, from]): Edit => {
  return (bytes) => replace(bytes, find(bytes, field, to), bytes.subarray(...find(bytes, field, from)));
});

const copyLine = fc.tuple(twoShares, twoShares).map(([to, from]): Edit => {
  return (bytes) => {
    const [at] = find(bytes, line, to);
    return replace(bytes, [at, at], bytes.subarray(...find(bytes, line, from)));
  };
});

const edit = fc.oneof(
  flipBit,
  insert(fc.uint8Array({ minLength: 1, maxLength: 8 })),
  deleteSlice,
  repeatSlice,
  truncate,
  splice,
  concatenate,
  insert(token),
  replaceMatch(field, token),
  replaceMatch(number, badNumber),
  replaceMatch(field, nothing),
  copyField,
  replaceMatch(line, nothing),
  copyLine,
);

/** A few edits, one after the other, so that much of the input stays as it was. */
export const byteEdits = fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits): Edit => {
  return (bytes, other) => edits.reduce((edited, each) => each(edited, other), bytes);
});
