import test from 'ava';
import { nearest } from '../../shared/nearest.ts';

const keys = ['backends', 'agents', 'policy', 'policies', 'periodMs', 'tls', 'listen'];
for (const [typed, meant] of [
  ['backend', 'backends'],
  ['polcy', 'policy'],
  ['ploicy', 'policy'],
  ['PeriodMS', 'periodMs'],
  ['perodms', 'periodMs'],
  ['tsl', 'tls'],
  ['weights', null],
  ['x', null],
  ['', null],
  ['a'.repeat(1_000_000), null],
] as const) {
  test(`${typed.slice(0, 20)} was ${meant === null ? 'meant to be none of them' : `meant to be ${meant}`}`, (t) => {
    t.is(nearest(typed, keys), meant);
  });
}
