import test from 'ava';
import { hourlyFlatness } from '../../../lab/soak/flatness.ts';
import type { Point } from '../../../lab/soak/trend.ts';

const series = (slope: number, { count = 12, noise = 0 } = {}): readonly Point[] =>
  Array.from({ length: count }, (_, at) => ({ at, value: 50 + slope * at + noise * (at % 2) }));
const judged = (...all: readonly (readonly Point[])[]) =>
  hourlyFlatness({ name: 'memory', series: all, bound: 2, unit: ' MiB' });

test('one series that surely grows fails them all, and is the one that is shown', (t) => {
  t.deepEqual(judged(series(0), series(3), series(1)), {
    name: 'memory',
    verdict: 'failed',
    measured: '66.5 MiB, +3.00/h (95 %: +3.00 to +3.00)',
    bound: 'grows by at most 2 MiB/h',
  });
});

test('what surely grows comes before what may grow faster', (t) => {
  const unclear = series(4, { count: 6, noise: 60 });
  t.is(judged(unclear).verdict, 'not judged');
  t.is(judged(unclear, series(3)).verdict, 'failed');
  t.is(judged(unclear, series(0)).verdict, 'not judged');
});

test('what shrinks is no leak', (t) => {
  t.is(judged(series(-9)).verdict, 'met');
  t.regex(judged(series(-9)).measured, /, -9\.00\/h/);
});

test('where one of them is too short, none is judged', (t) => {
  t.is(judged(series(0), series(0, { count: 3 })).verdict, 'not judged');
  t.is(judged().verdict, 'not judged');
});
