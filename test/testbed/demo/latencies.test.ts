import test from 'ava';
import { summarise } from '../../../testbed/demo/latencies.ts';
import type { Outcome } from '../../../testbed/rig/load/outcome.ts';
import { outcomeOf } from '../../support/outcome.ts';

const answered = (atMs: number, tookMs: number) => outcomeOf({ atMs, endedAtMs: atMs + tookMs });

test('response times count from the intended start, and a failed request counts as the deadline', (t) => {
  const outcomes: Outcome[] = [
    answered(0, 1_001),
    answered(10, 1_000),
    answered(20, 99),
    { ...answered(30, 5), failure: 'status' },
  ];
  t.deepEqual(summarise(outcomes, 5_000), {
    requests: 4,
    failed: 1,
    meanMs: (1_001 + 1_000 + 99 + 5_000) / 4,
    p50Ms: 1_000,
    p99Ms: 5_000,
    withinSecond: 0.5,
  });
});

test('nothing measured is unknown, never 0', (t) => {
  t.deepEqual(summarise([], 5_000), {
    requests: 0,
    failed: 0,
    meanMs: null,
    p50Ms: null,
    p99Ms: null,
    withinSecond: null,
  });
});
