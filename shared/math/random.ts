/*
 * By hand, not with pure-rand: documents and tests name seeds, and another generator would change what each of them gives.
 */

/** A uniform draw in [0, 1). Everything random comes from one of these, so a seed repeats a run. */
export type Random = () => number;

export type State128 = readonly [number, number, number, number];

/** Golden ratio times 2^32, the step that spreads consecutive seeds. */
const goldenStep = 0x9e3779b9;

/**
 * xoshiro128**: draws of 32 bits. David Blackman and Sebastiano Vigna, "Scrambled Linear Pseudorandom Number
 * Generators", 2018; reference code https://prng.di.unimi.it/xoshiro128starstar.c (public domain).
 */
export function xoshiro128StarStar([a, b, c, d]: State128): () => number {
  let [s0, s1, s2, s3] = [a, b, c, d];
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotateLeft(s3, 11);
    return result;
  };
}

/** A generator for an integer seed, its state filled by MurmurHash3's finaliser (Austin Appleby, public domain). */
export function seededRandom(seed: number): Random {
  const word = (index: number) => mix(seed + index * goldenStep);
  const draw = xoshiro128StarStar([word(1), word(2), word(3), word(4)]);
  return () => draw() / 2 ** 32;
}

/** Exponential by inversion: the gaps of a Poisson process of rate 1 / mean. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}

/** Standard normal by Box and Muller, 1958: two draws each. */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/**
 * Lognormal of this mean and coefficient of variation (standard deviation / mean): sigma^2 = ln(1 + cv^2),
 * mu = ln(mean) - sigma^2 / 2.
 */
export function lognormal(random: Random, mean: number, variation: number): number {
  const variance = Math.log1p(variation ** 2);
  return Math.exp(Math.log(mean) - variance / 2 + Math.sqrt(variance) * normal(random));
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function mix(word: number): number {
  const a = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  const b = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return (b ^ (b >>> 16)) | 0;
}
