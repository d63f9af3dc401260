import test from 'ava';
import { percentile } from '../../../shared/math/percentile.ts';

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
