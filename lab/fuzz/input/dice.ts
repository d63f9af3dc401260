import type { Random } from '../../../shared/math/random.ts';

/** Draws of the kinds that generators need. Everything random of a case comes from one, so its seed repeats it. */
export class Dice {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** An integer from 0 to `count` - 1; 0 where there is nothing to choose from. */
  below(count: number): number {
    return Math.floor(this.#random() * Math.max(1, count));
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  pick<Value>(list: readonly [Value, ...Value[]]): Value {
    return list[this.below(list.length)] ?? list[0];
  }

  /** From 1 to `max`, small ones far more often: as many below 10 as from 10 to 100. */
  size(max: number): number {
    return Math.max(1, Math.min(max, Math.floor(Math.exp(this.#random() * Math.log(max + 1)))));
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at += 1) bytes[at] = this.below(256);
    return bytes;
  }
}
