import test from 'ava';
import { slowdownEffect, type Tick } from '../../../testbed/demo/slowdown.ts';

/** One tick every 2 s from 1 s on, which left s3 these shares in percent. */
const ticks = (...percents: readonly number[]): readonly Tick[] =>
  percents.map((share, index) => ({ tick: index + 1, endedAtMs: 1_000 + index * 2_000, shares: { s3: share / 100 } }));

test('the share before is the mean of the last three ticks, and ticks are counted from the slowdown', (t) => {
  // ticks at 1, 3, 5, 7 s; slowed at 8 s; ticks at 9, 11, 13 s
  const effect = slowdownEffect(ticks(40, 29, 30, 31, 28, 26, 12), 's3', 8_000);
  t.is(effect.shareBefore, 0.3);
  t.deepEqual(effect.sharesAfter, [0.28, 0.26, 0.12]);
  t.is(effect.fellAfterTicks, 2);
});

test('a fall of at most a tenth does not count', (t) => {
  t.is(slowdownEffect(ticks(30, 27, 28), 's3', 2_000).fellAfterTicks, null);
  t.is(slowdownEffect(ticks(30, 26.9), 's3', 2_000).fellAfterTicks, 1);
});

test('without a tick before the slowdown the effect is unknown', (t) => {
  t.deepEqual(slowdownEffect(ticks(30, 20), 's3', 500), {
    server: 's3',
    shareBefore: null,
    sharesAfter: [0.3, 0.2],
    fellAfterTicks: null,
  });
});
