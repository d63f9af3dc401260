import test from 'ava';
import { remembered } from '../../shared/remembered.ts';

test('a remembered value is made again when any part of its key changes or is added', (t) => {
  const make = remembered((...parts: readonly unknown[]) => ({ parts }));
  const part = {};
  const first = make(part, Number.NaN);
  t.is(make(part, Number.NaN), first);
  for (const parts of [[{}, Number.NaN], [part, 0], [part], [part, Number.NaN, undefined], []]) {
    const made = make(...parts);
    t.deepEqual(made.parts, parts);
    t.is(make(...parts), made);
  }
  t.not(make(part, Number.NaN), first, 'only the last one is kept');
});

test('a value that could not be made is tried again', (t) => {
  let calls = 0;
  const make = remembered((part: number) => {
    calls += 1;
    if (calls === 1) throw new Error('once');
    return part;
  });
  t.throws(() => make(1), { message: 'once' });
  t.is(make(1), 1);
});
