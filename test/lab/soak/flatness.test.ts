import test from 'ava';
import { hourlyFlatness } from '../../../lab/soak/flatness.ts';
import type { Point } from '../../../lab/soak/trend.ts';

const series = (slope: number, { count = 12, noise = 0 } = {}): readonly Point[] =>
  Array.from({ length: count }, (_, at) => ({ at, value: 50 + slope * at + noise * (at % 2) }));
const judged = (...all: readonly (readonly Point[])[]) =>
  hourlyFlatness({ name: 'memory', series: all, bound: 2, unit: ' MiB' });

test('one series that certainly grows fails them all, and is the one shown', (t) => {
  t.deepEqual(judged(series(0), series(3), series(1)), {
    name: 'memory',
    verdict: 'failed',
    measured: '66.5 MiB, +3.00/h (95 %: +3.00 to +3.00)',
    bound: 'grows by at most 2 MiB/h',
  });
});

test('a series that certainly grows is shown before one that may grow faster', (t) => {
  const unclear = series(4, { count: 6, noise: 60 });
  t.is(judged(unclear).verdict, 'not judged');
  t.is(judged(unclear, series(3)).verdict, 'failed');
  t.is(judged(unclear, series(0)).verdict, 'not judged');
});

test('a series that shrinks passes', (t) => {
  t.is(judged(series(-9)).verdict, 'met');
  t.regex(judged(series(-9)).measured, /, -9\.00\/h/);
});

test('with one series too short none is judged', (t) => {
  t.is(judged(series(0), series(0, { count: 3 })).verdict, 'not judged');
  t.is(judged().verdict, 'not judged');
});
