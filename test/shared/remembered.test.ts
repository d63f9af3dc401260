import test from 'ava';
import { remembered } from '../../shared/remembered.ts';

test('what is remembered is made anew when any part is another one, or one more', (t) => {
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

test('what could not be made is tried again', (t) => {
  let calls = 0;
  const make = remembered((part: number) => {
    calls += 1;
    if (calls === 1) throw new Error('once');
    return part;
  });
  t.throws(() => make(1), { message: 'once' });
  t.is(make(1), 1);
});
