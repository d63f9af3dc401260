import test from 'ava';
import fc from 'fast-check';
import { judge, leastPoints, type Point, trendOf } from '../../../lab/soak/trend.ts';
import { normal, seededRandom } from '../../../shared/math/random.ts';

const line = (count: number, slope: number, noise: (index: number) => number = () => 0): readonly Point[] =>
  Array.from({ length: count }, (_, at) => ({ at, value: 100 + slope * at + noise(at) }));
const counts = fc.integer({ min: leastPoints, max: 40 });
const slopes = fc.double({ min: -10, max: 10, noNaN: true });

test('a straight line has its slope, and an interval of width 0', (t) => {
  fc.assert(
    fc.property(counts, slopes, (count, slope) => {
      const trend = trendOf(line(count, slope));
      return trend !== null && [trend.slope, trend.low, trend.high].every((each) => Math.abs(each - slope) < 1e-6);
    }),
  );
  t.pass();
});

test('outliers below a quarter of the points do not change the slope', (t) => {
  const anything = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(
      anything,
      fc.shuffledSubarray([...Array(24).keys()], { minLength: 5, maxLength: 5 }),
      (values, where) => {
        const points = line(24, 1).map((point) => ({
          ...point,
          value: values[where.indexOf(point.at)] ?? point.value,
        }));
        return Math.abs((trendOf(points)?.slope ?? Number.NaN) - 1) < 1e-6;
      },
    ),
  );
  t.pass();
});

test('the interval covers the slope about as often as it claims, and holds the estimate', (t) => {
  const random = seededRandom(7);
  const runs = 1_000;
  let held = 0;
  for (let run = 0; run < runs; run += 1) {
    const trend = trendOf(line(12, 2, () => 5 * normal(random)));
    if (trend === null) return t.fail();
    t.true(trend.low <= trend.slope && trend.slope <= trend.high);
    if (trend.low <= 2 && 2 <= trend.high) held += 1;
  }
  t.true(held / runs > 0.93 && held / runs < 0.98, `${held} of ${runs}`);
});

test('the slope scales with time and value', (t) => {
  fc.assert(
    fc.property(counts, slopes, fc.double({ min: 0.1, max: 10, noNaN: true }), (count, slope, factor) => {
      const points = line(count, slope, (index) => Math.sin(index * 7));
      const [plain, slower] = [trendOf(points), trendOf(points.map(({ at, value }) => ({ at: at * factor, value })))];
      return Math.abs((plain?.slope ?? 0) - (slower?.slope ?? 1) * factor) < 1e-6;
    }),
  );
  t.pass();
});

test('few points have no trend', (t) => {
  t.is(trendOf(line(leastPoints - 1, 1)), null);
  t.not(trendOf(line(leastPoints, 1)), null);
  t.is(trendOf([]), null);
});

test('a trend is flat within the bound, growing if it is certain, and unclear in between', (t) => {
  t.is(judge({ slope: 2, low: 1, high: 3 }, 2), 'flat');
  t.is(judge({ slope: -50, low: -60, high: -40 }, 2), 'flat');
  t.is(judge({ slope: 2.1, low: 2, high: 3 }, 2), 'unclear');
  t.is(judge({ slope: 3, low: 2.1, high: 4 }, 2), 'grows');
});
