import fc from 'fast-check';
import { chosen } from '../target.ts';
import { byte, indexAt, share } from './draws.ts';
import { byteEdits, type Edit } from './edits.ts';
import { jsonEdits } from './json-edits.ts';

export interface Corpus {
  /** Inputs as they come in production. */
  readonly inputs: readonly [Buffer, ...Buffer[]];
  readonly maxBytes: number;
  /** Set where an input, or each line of it, is JSON: then values are changed in place too. */
  readonly json?: 'whole' | 'lines';
}

const unchanged = fc.constant<Edit>((bytes) => bytes);
const randomBytes = fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ maxLength: 2_000, size: 'max' })).map(
  (random): Edit =>
    () =>
      Buffer.from(random),
);
const lineEdits = fc.tuple(share, jsonEdits).map(([at, edit]): Edit => {
  return (bytes, other) => {
    const lines = bytes.toString('latin1').split('\n');
    const index = indexAt(at, lines.length);
    const edited = lines.map((line, each) =>
      each === index ? edit(Buffer.from(line, 'latin1'), other).toString('latin1') : line,
    );
    return Buffer.from(edited.join('\n'), 'latin1');
  };
});

/** Mostly some edits; sometimes none, or nothing but random bytes. */
const seldom = [
  { weight: 3, arbitrary: unchanged },
  { weight: 5, arbitrary: randomBytes },
] as const;
function jsonOr(json: fc.Arbitrary<Edit>): fc.Arbitrary<Edit> {
  return fc.oneof(...seldom, { weight: 37, arbitrary: byteEdits }, { weight: 55, arbitrary: json });
}

export const edits = fc.oneof(...seldom, { weight: 92, arbitrary: byteEdits });
const editsOf = { whole: jsonOr(jsonEdits), lines: jsonOr(lineEdits) };

/** Inputs of a corpus, edited. */
export function casesFrom({ inputs, maxBytes, json }: Corpus): fc.Arbitrary<Buffer> {
  const input = fc.constantFrom(...inputs);
  return fc
    .tuple(input, input, json === undefined ? edits : editsOf[json])
    .map(([bytes, other, edit]) => edit(bytes, other).subarray(0, maxBytes));
}

/** Puts random bytes in front of a case: they say how it is run. */
export function withHead(length: number, cases: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const head = fc.array(byte, { minLength: length, maxLength: length });
  return fc.tuple(head, cases).map(([bytes, rest]) => Buffer.concat([Buffer.from(bytes), rest]));
}

const stray = fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: byte });

/** Puts a byte in front of a case that says which reader gets it: mostly one that it is meant for. */
export function addressed(
  cases: fc.Arbitrary<Buffer>,
  readersFor: (input: Buffer) => readonly [number, ...number[]],
): fc.Arbitrary<Buffer> {
  return fc
    .tuple(stray, byte, cases)
    .map(([other, choice, input]) => Buffer.concat([Buffer.from([other ?? chosen(choice, readersFor(input))]), input]));
}
