import test from 'ava';
import { renderReport } from '../../../testbed/demo/report.ts';
import { demoResult } from '../../../testbed/demo/result.ts';
import { record, result } from './result-fixture.ts';

test('the result is what the outcomes say', (t) => {
  const { without, with: controlled, slowdown } = result;
  t.is(without.requests, 10);
  t.is(without.failed, 1);
  t.is(without.answeredPerSecond, 0.9);
  // 900, 1000, ... 1700 and one failure that counts as 5000
  t.is(without.p50Ms, 1_300);
  t.is(without.p99Ms, 5_000);
  t.is(without.p99BeforeSlowdownMs, 1_300);
  t.is(without.withinSecond, 0.2);
  t.deepEqual(controlled.answeredShares, { s1: 0, s2: 0, s3: 0.4, s4: 0.6 });
  t.is(controlled.p99BeforeSlowdownMs, 14);
  t.is(controlled.p99AfterSlowdownMs, 19);
  t.is(slowdown.fellAfterTicks, 1);
});

test('the report compares both phases, says when the share fell, and fits 80 columns', (t) => {
  const lines = renderReport(result);
  t.true(
    lines.every((line) => line.length <= 80),
    lines.find((line) => line.length > 80),
  );
  t.regex(lines.join('\n'), /99 % were answered in \(p99\) +over 5\.0 s +19 ms/);
  t.regex(lines.join('\n'), /answered within 1 s +20\.0 % +100\.0 %/);
  t.true(lines.includes('its share fell 1 tick after the slowdown'));
  t.true(lines.some((line) => line.includes('as configured again: 100, 100, 100, 100')));
});

test('what went wrong is said: no fall, weights not restored, a late generator, long runs', (t) => {
  const shares = Array.from({ length: 25 }, (_, i) => ({ tick: i, endedAtMs: 2_000 * i, shares: { s3: 1 } }));
  const late = record.with.outcomes.map((outcome) => ({ ...outcome, lagMs: 250 }));
  const bad = demoResult({ ...record, ticks: shares, restoredWeights: {}, with: { ...record.with, outcomes: late } });
  const lines = renderReport(bad);
  t.true(lines.every((line) => line.length <= 80));
  t.true(lines.includes('its share did not fall after the slowdown'));
  t.true(lines.some((line) => line.includes('up to 250 ms late')));
  t.true(lines.some((line) => line.includes("HAProxy's weights are now -, -, -, -")));
});
