import test from 'ava';
import { exponential, lognormal, seededRandom, xoshiro128StarStar } from '../../../shared/math/random.ts';

const draws = 200_000;

function moments(values: readonly number[]): { mean: number; variation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, variation: Math.sqrt(variance) / mean };
}

test('xoshiro128** gives the numbers of the reference implementation', (t) => {
  const draw = xoshiro128StarStar([0x964d4a0c, 0xd40ab895, 0xad7fdecb, 0x3006f0f0]);
  t.deepEqual([draw(), draw(), draw(), draw()], [0xf1391922, 0x6fe53806, 0xa5be2840, 0xf510ee70]);
});

test('a seed repeats its draws and another seed gives others', (t) => {
  const first = (seed: number) => Array.from({ length: 5 }, seededRandom(seed));
  t.deepEqual(first(1), first(1));
  t.notDeepEqual(first(1), first(2));
});

test('exponential draws have the wanted mean and a coefficient of variation of 1', (t) => {
  const random = seededRandom(7);
  const { mean, variation } = moments(Array.from({ length: draws }, () => exponential(random, 10)));
  t.true(Math.abs(mean - 10) < 0.1, `${mean}`);
  t.true(Math.abs(variation - 1) < 0.02, `${variation}`);
});

test('lognormal draws have the wanted mean and coefficient of variation', (t) => {
  const random = seededRandom(7);
  const { mean, variation } = moments(Array.from({ length: draws }, () => lognormal(random, 6, 1)));
  t.true(Math.abs(mean - 6) < 0.1, `${mean}`);
  t.true(Math.abs(variation - 1) < 0.05, `${variation}`);
});
