import test from 'ava';
import { discardReason, lagOf, maxLagMs } from '../../../lab/evaluation/generator-lag.ts';

const outcomes = (count: number, late: number, lagMs: number) =>
  Array.from({ length: count }, (_, index) => ({ lagMs: index < late ? lagMs : 1 }));

test('a cell does not count if more than one request in a hundred was sent late', (t) => {
  t.deepEqual(lagOf(outcomes(1_000, 11, 80)), { p99LagMs: 80, maxLagMs: 80 });
  t.is(discardReason(lagOf(outcomes(1_000, 11, 80))), 'the generator lagged: 80 ms at the 99th percentile');
});

test('one request in a hundred may be late by any time', (t) => {
  t.deepEqual(lagOf(outcomes(1_000, 10, 4_000)), { p99LagMs: 1, maxLagMs: 4_000 });
  t.is(discardReason(lagOf(outcomes(1_000, 10, 4_000))), null);
  t.is(discardReason({ p99LagMs: maxLagMs, maxLagMs: 90 }), null);
});
