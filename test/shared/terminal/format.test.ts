import test from 'ava';
import {
  bitRate,
  bytes,
  count,
  decimal,
  milliseconds,
  percent,
  percentOfAll,
  responseTime,
  seconds,
  spacedPercent,
} from '../../../shared/terminal/format.ts';

test('what is unknown is a dash', (t) => {
  const each = [percent, spacedPercent, percentOfAll, decimal, count, milliseconds];
  t.deepEqual(
    each.map((format) => format(null)),
    each.map(() => '-'),
  );
  t.is(responseTime(null, 5_000), '-');
});

test('shares, with and without a space', (t) => {
  t.is(percent(0.5), '50%');
  t.is(percent(0.98765, 2), '98.77%');
  t.is(spacedPercent(0.5), '50 %');
  t.is(spacedPercent(0.9996, 1), '100.0 %');
});

test('a share that is not all is never shown as 100 %', (t) => {
  t.is(percentOfAll(0.9996, 1), '99.9 %');
  t.is(percentOfAll(0.999), '99 %');
  t.is(percentOfAll(0.994), '99 %');
  t.is(percentOfAll(1, 1), '100.0 %');
  t.is(percentOfAll(0, 1), '0.0 %');
});

test('counts are whole and grouped by thousands', (t) => {
  t.deepEqual([0, 12.5, 1_234_567].map(count), ['0', '13', '1,234,567']);
});

test('times have the precision that a person can use', (t) => {
  t.is(seconds(1_530), '1.5 s');
  const times: readonly (readonly [ms: number, wholeFrom: number, text: string])[] = [
    [0.04, 100, '0.0'],
    [99.94, 100, '99.9'],
    [99.95, 100, '100'],
    [9.94, 10, '9.9'],
    [9.96, 10, '10'],
    [187.4, 100, '187'],
  ];
  for (const [ms, wholeFrom, text] of times) t.is(milliseconds(ms, wholeFrom), text);
  const responses: readonly (readonly [ms: number, text: string])[] = [
    [4.21, '4.2 ms'],
    [123.4, '123 ms'],
    [1_234, '1.23 s'],
    [5_000, 'over 5.0 s'],
  ];
  for (const [ms, text] of responses) t.is(responseTime(ms, 5_000), text);
});

test('sizes and rates have the largest unit that leaves one before the point', (t) => {
  t.deepEqual([0, 1_023, 1_536, 3 * 2 ** 30, 5_000 * 2 ** 40].map(bytes), [
    '0 B',
    '1023 B',
    '1.5 KiB',
    '3.0 GiB',
    '5000.0 TiB',
  ]);
  t.deepEqual([999.6, 1_000, 2.5e9].map(bitRate), ['1000 bit/s', '1.0 kbit/s', '2.5 Gbit/s']);
});
