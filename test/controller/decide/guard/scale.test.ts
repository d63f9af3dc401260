import test from 'ava';
import { applyFloor, toIntegers } from '../../../../controller/decide/guard/scale.ts';

test('the largest becomes 256, the others in proportion, none of them 0', (t) => {
  t.deepEqual(toIntegers([2, 1, 0.5]), [256, 128, 64]);
  t.deepEqual(toIntegers([1, 0.0001]), [256, 1]);
});

test('the floor is a share of the mean', (t) => {
  t.deepEqual(applyFloor([1, 0.001], 0.02), [1, 0.02 * 0.5005]);
  t.deepEqual(applyFloor([1, 1], 0.02), [1, 1]);
});
