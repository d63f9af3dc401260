import type { Dice } from './dice.ts';
import { mutate } from './mutate.ts';
import { mutateJson } from './mutate-json.ts';

export interface Corpus {
  /** Inputs as they really come. */
  readonly inputs: readonly [Buffer, ...Buffer[]];
  readonly maxBytes: number;
  /** Whether an input, or each line of it, is JSON, whose values are then changed in place. */
  readonly json?: 'whole' | 'lines';
}

const randomShare = 0.05;
const wholeShare = 0.03;
const jsonShare = 0.6;

/** Mostly an input of the corpus, changed; sometimes as it is, and sometimes nothing but random bytes. */
export function generate(corpus: Corpus, dice: Dice): Buffer {
  const { inputs, maxBytes, json } = corpus;
  if (dice.chance(randomShare)) return dice.bytes(dice.size(2_000));
  const input = dice.pick(inputs);
  if (dice.chance(wholeShare)) return input;
  if (json === 'whole' && dice.chance(jsonShare)) return mutateJson(input, dice).subarray(0, maxBytes);
  if (json === 'lines' && dice.chance(jsonShare)) return mutateLine(input, dice).subarray(0, maxBytes);
  return mutate(input, dice, dice.pick(inputs), maxBytes);
}

function mutateLine(input: Buffer, dice: Dice): Buffer {
  const lines = input.toString('latin1').split('\n');
  const at = dice.below(lines.length);
  lines[at] = mutateJson(Buffer.from(lines[at] ?? '', 'latin1'), dice).toString('latin1');
  return Buffer.from(lines.join('\n'), 'latin1');
}
