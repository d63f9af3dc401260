import test from 'ava';
import { type LookPace, lookEveryMs, lookPaceAfter, nextLookMs } from '../../../controller/loop/look-pace.ts';

const after = (...tookMs: readonly number[]) => tookMs.reduce<LookPace>(lookPaceAfter, []);

test('looks that cost little come every 200 ms, and every 50 while a server is tried', (t) => {
  t.is(nextLookMs([], false), lookEveryMs);
  t.is(nextLookMs(after(1, 2), false), lookEveryMs);
  t.is(nextLookMs(after(1, 2), true), 50);
});

test('a look costs a twentieth of the time at most', (t) => {
  t.is(nextLookMs(after(300), false), 6_000);
  t.is(nextLookMs(after(300, 320, 310, 300, 305), true), 6_000);
});

test('one that waited for a busy machine says nothing of what looks cost', (t) => {
  t.is(nextLookMs(after(2, 2, 400, 900, 2), false), lookEveryMs);
  t.is(nextLookMs(after(400, 2), false), lookEveryMs, 'at the start too');
});

test('costs that stay are believed after five looks', (t) => {
  t.is(nextLookMs(after(2, 80, 80, 80, 80), false), lookEveryMs);
  t.is(nextLookMs(after(2, 80, 80, 80, 80, 80), false), 1_600);
});
