import test from 'ava';
import { median } from '../../../shared/math/median.ts';

test('the middle value, whatever the order', (t) => {
  t.is(median([10, 9, 100]), 10);
  t.is(median([4, 1, 100, 2]), 3);
  t.is(median([7]), 7);
  t.is(median([]), null);
});
