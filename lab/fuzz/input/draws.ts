import fc from 'fast-check';

/**
 * How one value is drawn. The same seed gives the same value. Unbiased: extreme values are in the lists of bad ones, and a
 * bias towards them would favour the slowest ways to run a case.
 */
export function drawOf(seed: number) {
  return { seed, numRuns: 1, unbiased: true } as const;
}

export function draw<Value>(arbitrary: fc.Arbitrary<Value>, seed: number): Value {
  const [value] = fc.sample(arbitrary, drawOf(seed)) as [Value];
  return value;
}

export const byte = fc.nat(255);

/** From 0 to below 1: a place in something whose length is not known yet. Shrinks to the start. */
export const share = fc.nat(0x7fff_ffff).map((drawn) => drawn / 2 ** 31);

/** The index that a share stands for; 0 in an empty list. */
export function indexAt(at: number, length: number): number {
  return Math.floor(at * length);
}

/** From 1 to `max`, small ones far more often: as many below 10 as from 10 to 100. */
export function sizeUpTo(max: number): fc.Arbitrary<number> {
  return fc.nat(1_000).map((drawn) => Math.round(max ** (drawn / 1_000)));
}
