import test from 'ava';
import fc from 'fast-check';
import { mean, median, medianWithout, percentile, sum } from '../../../shared/math/statistics.ts';

const values = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }));

test('a sum does not depend on the order', (t) => {
  // 0.1 + 0.2 + 0.3 is 0.6 in one order and 0.6000000000000001 in another
  t.is(sum([0.3, 0.2, 0.1]), sum([0.1, 0.2, 0.3]));
  t.is(sum([0.1, 0.2, 0.3]), 0.1 + 0.2 + 0.3);
  t.is(sum([]), 0);
  fc.assert(fc.property(values, (some) => sum(some) === sum(some.toReversed())));
});

test('the mean of no values is null', (t) => {
  t.is(mean([1, 2, 6]), 3);
  t.is(mean(new Float64Array([5])), 5);
  t.is(mean([]), null);
});

test('the median is the middle value in any order', (t) => {
  t.is(median([10, 9, 100]), 10);
  t.is(median([4, 1, 100, 2]), 3);
  t.is(median([7]), 7);
  t.is(median([]), null);
});

test('the median of all values but one is that of the list without it', (t) => {
  t.is(medianWithout([5])(5), null);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 2, maxLength: 9 }), fc.nat(8), (some, at) => {
      const left = at % some.length;
      return medianWithout(some)(some[left] ?? 0) === median(some.toSpliced(left, 1));
    }),
  );
});

test('percentiles are the nearest rank', (t) => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  t.is(percentile(hundred, 0.5), 50);
  t.is(percentile(hundred, 0.99), 99);
  t.is(percentile([15, 20, 35, 40, 50], 0.3), 20);
  t.is(percentile([15, 20, 35, 40, 50], 0.4), 20);
  t.is(percentile([15, 20, 35, 40, 50], 1), 50);
  t.is(percentile([7], 0.01), 7);
  t.is(percentile([], 0.5), null);
});
