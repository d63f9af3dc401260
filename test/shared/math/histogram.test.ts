import test from 'ava';
import fc from 'fast-check';
import { Histogram } from '../../../shared/math/histogram.ts';
import { percentile } from '../../../shared/math/statistics.ts';

const anyMs = fc.oneof(fc.double({ min: 0, max: 10, noNaN: true }), fc.double({ min: 0, max: 1e7, noNaN: true }));

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

test('a percentile is the true one, or at most 0.8 % and a microsecond above it', (t) => {
  const fractions = fc.constantFrom(0.001, 0.5, 0.9, 0.99, 1);
  fc.assert(
    fc.property(fc.array(anyMs, { minLength: 1, maxLength: 300 }), fractions, (values, fraction) => {
      const sorted = values.map((value) => Math.round(value * 1_000)).toSorted((a, b) => a - b);
      const exact = percentile(sorted, fraction) ?? Number.NaN;
      const histogram = histogramOf(values);
      const told = (histogram.percentileMs(fraction) ?? Number.NaN) * 1_000;
      return histogram.percentileMs(1) === histogram.maxMs && told >= exact - 1e-3 && told <= exact * 1.008 + 1e-3;
    }),
  );
  t.pass();
});

test('two halves added make the whole', (t) => {
  fc.assert(
    fc.property(fc.array(anyMs), fc.array(anyMs), (left, right) => {
      const sum = histogramOf(left);
      sum.addAll(histogramOf(right));
      const whole = histogramOf([...left, ...right]);
      const figures = (histogram: Histogram) => [
        histogram.count,
        histogram.maxMs,
        ...[0.1, 0.5, 0.99].map((fraction) => histogram.percentileMs(fraction)),
      ];
      return JSON.stringify(figures(sum)) === JSON.stringify(figures(whole));
    }),
  );
  t.pass();
});

test('of nothing there is no percentile', (t) => {
  t.is(new Histogram().percentileMs(0.5), null);
  t.is(new Histogram().maxMs, null);
});

test('a month counts as the longest that fits', (t) => {
  const monthMs = 30 * 24 * 3_600_000;
  t.is(histogramOf([monthMs]).maxMs, monthMs);
  t.true((histogramOf([1, monthMs]).percentileMs(1) ?? 0) > 3_600_000);
});
