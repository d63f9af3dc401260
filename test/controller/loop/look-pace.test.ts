import test from 'ava';
import { lookEveryMs, looksAfter } from '../../../controller/loop/look-pace.ts';

test('a look is due every 0.2 s, or after 20 times what one takes; while a server is tried, after 0.05 s', (t) => {
  t.deepEqual(looksAfter(null, 4, false), { count: 1, costMs: 4, everyMs: lookEveryMs });
  t.deepEqual(looksAfter(null, 1, true), { count: 1, costMs: 1, everyMs: 50 });
  t.deepEqual(looksAfter(null, 30, true), { count: 1, costMs: 30, everyMs: 600 });
});

test('one slow look is forgotten within some', (t) => {
  let looks = looksAfter(null, 100, false);
  t.is(looks.everyMs, 2_000);
  for (let done = 0; done < 12; done += 1) looks = looksAfter(looks, 1, false);
  t.is(looks.everyMs, lookEveryMs);
  t.is(looks.count, 13);
});
