import test from 'ava';
import { leastWeight, toInteger } from '../../../../controller/decide/guard/scale.ts';

test('the largest becomes 256, the others in proportion, none of them 0', (t) => {
  const toIntegers = (weights: number[]) => weights.map((weight) => toInteger(weight, Math.max(...weights)));
  t.deepEqual(toIntegers([2, 1, 0.5]), [256, 128, 64]);
  t.deepEqual(toIntegers([1, 0.0001]), [256, 1]);
});

test('the floor is a share of the mean', (t) => {
  t.is(leastWeight([1, 0.001], 0.02), 0.02 * 0.5005);
  t.is(leastWeight([1, 1], 0.02), 0.02);
});
