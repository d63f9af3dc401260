import test from 'ava';
import fc from 'fast-check';
import { compare, medianInterval } from '../../../lab/promise/comparison.ts';
import { Tally } from '../../../testbed/rig/load/tally.ts';
import { outcomeOf } from '../../support/outcome.ts';

const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { maxLength: 30 });

test('the interval of a median: the order statistics of the sign test', (t) => {
  const first = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  // tables of the binomial distribution: 2 x P(X <= k) <= 5 %
  t.is(medianInterval(first(5)), null);
  t.deepEqual(medianInterval(first(6)), [1, 6]);
  t.deepEqual(medianInterval(first(8)), [1, 8]);
  t.deepEqual(medianInterval(first(9)), [2, 8]);
  t.deepEqual(medianInterval(first(12)), [3, 10]);
  t.deepEqual(medianInterval(first(20)), [6, 15]);
  t.is(medianInterval([]), null);
});

test('it holds the median of what was seen, in whatever order', (t) => {
  fc.assert(
    fc.property(values, (some) => {
      const interval = medianInterval(some);
      if (interval === null) return some.length < 6;
      const below = some.filter((value) => value < interval[0]).length;
      const above = some.filter((value) => value > interval[1]).length;
      return below < some.length / 2 && above < some.length / 2;
    }),
  );
  t.pass();
});

test('pairs are compared pair by pair: a machine that gets slower makes no difference', (t) => {
  const tallyOf = (ms: number) => {
    const tally = new Tally();
    tally.add(outcomeOf({ endedAtMs: ms }));
    return tally;
  };
  const pairs = [1, 2, 4, 8, 16, 32].map((ms) => ({ still: tallyOf(ms), changing: tallyOf(ms + 0.125) }));
  const { changingMs, stillMs, differenceMs, intervalMs } = compare(pairs, 0.99);
  t.true(Math.abs(differenceMs - 0.125) < 1e-9);
  t.true((intervalMs?.[0] ?? 0) > 0.12 && (intervalMs?.[1] ?? 9) < 0.4);
  t.true(changingMs > stillMs);
});
