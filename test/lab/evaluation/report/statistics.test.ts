import test from 'ava';
import fc from 'fast-check';
import { lostMs, statisticsOf } from '../../../../lab/evaluation/report/cell-statistics.ts';
import { curveOf, gridMs, pooled } from '../../../../lab/evaluation/report/cumulative.ts';
import { geometricMean, spreadOf } from '../../../../lab/evaluation/report/spread.ts';
import { deadlineMs } from '../../../../lab/evaluation/run-cell.ts';
import { cellOf, requestsOf } from './results-folder.ts';

test('the figures of a cell are those worked out by hand', (t) => {
  const requests = requestsOf([
    [10, 200],
    [20, 200],
    [30, 200],
    [40, 200],
    [50, 200],
    [60, 200],
    [1_000, 200],
    [1_001, 200],
    [2_000, 503],
    [5_000, 0],
  ]);
  const { sent, meanMs, p50Ms, p90Ms, p99Ms, withinSecond, slow, failed, failedShare } = statisticsOf(
    cellOf({ requests }),
  );
  t.deepEqual(
    { sent, meanMs, p50Ms, p90Ms, p99Ms, withinSecond, slow, failed, failedShare },
    {
      sent: 10,
      meanMs: 2_211 / 8,
      p50Ms: 40,
      p90Ms: 1_001,
      p99Ms: 1_001,
      withinSecond: 0.7,
      slow: 1,
      failed: 2,
      failedShare: 0.2,
    },
  );
});

test('percentiles of 1 to 200 ms are right in any order', (t) => {
  const outcomes = Array.from({ length: 200 }, (_, index) => [((index * 77) % 200) + 1, 200] as const);
  const { p50Ms, p90Ms, p99Ms, meanMs } = statisticsOf(cellOf({ requests: requestsOf(outcomes) }));
  t.deepEqual({ p50Ms, p90Ms, p99Ms, meanMs }, { p50Ms: 100, p90Ms: 180, p99Ms: 198, meanMs: 100.5 });
});

test('response times count only answers, and the share within a second counts all requests', (t) => {
  const failing = requestsOf([
    [100, 200],
    [1, 500],
    [1, 500],
    [1, 500],
  ]);
  const { meanMs, p50Ms, withinSecond } = statisticsOf(cellOf({ requests: failing }));
  t.deepEqual({ meanMs, p50Ms, withinSecond }, { meanMs: 100, p50Ms: 100, withinSecond: 0.25 });
  const none = statisticsOf(cellOf({ requests: requestsOf([[1, 500]]) }));
  const charged = statisticsOf(cellOf({ requests: failing }));
  t.deepEqual([charged.chargedMeanMs, charged.chargedP99Ms], [(100 + 3 * 5_000) / 4, 5_000]);
  const one = requestsOf(Array.from({ length: 200 }, (_, index) => [index + 1, index < 2 ? 0 : 200] as const));
  t.is(statisticsOf(cellOf({ requests: one })).chargedP99Ms, 200, 'one in a hundred may fail');
  t.deepEqual([none.meanMs, none.p99Ms, none.withinSecond, none.failedShare], [null, null, 0, 1]);
});

test('failures are counted by kind, and answers by server', (t) => {
  const status = [200, 0, 0, 500, 502, 503, 503, 504, 429, 200];
  const server = [0, -1, -1, 2, 1, -1, -1, -1, -1, 0];
  const column = status.map((_, index) => index);
  const { failures, serverShares } = statisticsOf(
    cellOf({ requests: { atMs: column, responseMs: column, status, server } }),
  );
  t.deepEqual(failures, { none: 2, 500: 1, 502: 1, 503: 2, 504: 1, other: 1 });
  t.deepEqual(serverShares, [
    { name: 's1', share: 0.5 },
    { name: 's2', share: 0.25 },
    { name: 's3', share: 0.25 },
    { name: 's4', share: 0 },
    { name: 's5', share: 0 },
  ]);
});

const outcomes = fc.array(
  fc.tuple(
    fc.double({ min: 0.5, max: 60_000, noNaN: true }),
    fc.constantFrom(200, 200, 200, 0, 500, 502, 503, 504, 404),
  ),
  { minLength: 1, maxLength: 200 },
);

test('of any requests percentiles are answered times in order, and every request is counted', (t) => {
  fc.assert(
    fc.property(outcomes, (list) => {
      const cell = statisticsOf(cellOf({ requests: requestsOf(list) }));
      const good = list.filter(([, status]) => status === 200).map(([ms]) => ms);
      t.is(Math.round(cell.withinSecond * cell.sent) + cell.slow + cell.failed, list.length);
      t.is(
        Object.values(cell.failures).reduce((sum, count) => sum + count, 0),
        cell.failed,
      );
      t.is(cell.p50Ms === null, good.length === 0);
      if (good.length === 0) return;
      for (const [value, fraction] of [
        [cell.p50Ms, 0.5],
        [cell.p90Ms, 0.9],
        [cell.p99Ms, 0.99],
      ] as const) {
        t.true(value !== null && good.includes(value));
        t.true(good.filter((ms) => ms <= (value ?? 0)).length >= good.length * fraction, 'enough are within it');
        t.true(good.filter((ms) => ms < (value ?? 0)).length < good.length * fraction, 'and no fewer would do');
      }
    }),
  );
});

test('of any requests a distribution gives the part of all that was answered by each time', (t) => {
  fc.assert(
    fc.property(outcomes, outcomes, (one, other) => {
      const parts = [one, other].map((list) => statisticsOf(cellOf({ requests: requestsOf(list) })).cumulative);
      const all = [...one, ...other];
      const whole = pooled(parts);
      t.deepEqual(
        whole.counts,
        gridMs.map((bound) => all.filter(([ms, status]) => status === 200 && ms <= bound).length),
      );
      const curve = curveOf(whole);
      t.true(curve.length <= 200);
      t.true(curve.every(([ms, share]) => share === (whole.counts[gridMs.indexOf(ms)] ?? 0) / all.length));
      t.true(curve.every(([, share], index) => share >= (curve[index - 1]?.[1] ?? 0)));
    }),
  );
});

test('a curve begins at 1 ms, ends at 10 s, and keeps both ends of a flat stretch', (t) => {
  const { cumulative } = statisticsOf(
    cellOf({
      requests: requestsOf([
        [10, 200],
        [10, 0],
      ]),
    }),
  );
  const curve = curveOf(cumulative);
  t.deepEqual(
    curve.map(([, share]) => share),
    [0, 0, 0.5, 0.5],
  );
  t.is(curve[0]?.[0], 1);
  t.true(Math.abs((curve.at(-1)?.[0] ?? 0) - 10_000) < 1e-6);
  t.true((curve[1]?.[0] ?? 0) < 10 && (curve[2]?.[0] ?? 0) >= 10);
});

test('of any repetitions the median has as many above as below, and lies within the spread', (t) => {
  const values = fc.array(fc.option(fc.double({ min: -1e9, max: 1e9, noNaN: true })), { maxLength: 30 });
  fc.assert(
    fc.property(values, (list) => {
      const known = list.filter((value) => value !== null);
      const spread = spreadOf(list);
      t.is(spread === null, known.length === 0);
      if (spread === null) return;
      t.is(spread.count, known.length);
      t.true(spread.min <= spread.median && spread.median <= spread.max);
      t.true(known.includes(spread.min) && known.includes(spread.max));
      t.true(known.every((value) => value >= spread.min && value <= spread.max));
      t.true(2 * known.filter((value) => value < spread.median).length <= known.length);
      t.true(2 * known.filter((value) => value > spread.median).length <= known.length);
    }),
  );
});

test('the geometric mean of 2 and 8 is 4, and of no values unknown', (t) => {
  t.true(Math.abs((geometricMean([2, 8]) ?? 0) - 4) < 1e-12);
  t.is(geometricMean([]), null);
});

test("a failed request is charged with the load generator's timeout", (t) => {
  t.is(lostMs, deadlineMs);
});
