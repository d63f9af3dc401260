import test from 'ava';
import { type Deed, each, Pool } from './pool.ts';

const names = ['a', 'b', 'c', 'd', 'e'];
const others = names.slice(1);
const well: Deed = { ok: 10, inFlight: 1 };
const down: Deed = { status: 'down' };

/** Five servers that can do 100 requests a second each and are asked for 50. */
function running(capacity: number | null = 100): Pool {
  const pool = new Pool(names, true, { capacity });
  pool.looks(20, each(names, well));
  return pool;
}

test('a server that is down gets the weight that it will come back with: a half, and a tenth after ten seconds', (t) => {
  const pool = running();
  pool.look({ ...each(others, well), a: down });
  t.is(pool.weight('a'), 50);
  pool.looks(48, { ...each(others, well), a: down });
  t.is(pool.weight('a'), 50);
  pool.looks(4, { ...each(others, well), a: down });
  t.is(pool.weight('a'), 10);
});

test('one that is in maintenance is left alone', (t) => {
  const pool = running();
  pool.looks(100, { ...each(others, well), a: { status: 'away' } });
  t.is(pool.weight('a'), 100);
  pool.look(each(names, well));
  t.is(pool.weight('a'), 10);
});

test('a ramp doubles every second, and rare looks give the same', (t) => {
  for (const [count, elapsedMs] of [
    [5, 200],
    [1, 1_000],
  ] as const) {
    const pool = running();
    pool.looks(60, { ...each(others, well), a: down });
    pool.look(each(names, well));
    const path: number[] = [];
    for (let second = 0; second < 4; second += 1) {
      path.push(pool.weight('a'));
      for (let look = 0; look < count; look += 1)
        pool.look(each(names, { ok: elapsedMs / 20, inFlight: 1 }), elapsedMs);
    }
    t.deepEqual([...path, pool.weight('a')], [10, 20, 40, 80, 100]);
  }
});

test('a ramp waits while answers take twice as long as elsewhere, but not for ever', (t) => {
  const pool = running();
  pool.looks(60, { ...each(others, well), a: down });
  const cold: Deed = { ok: 1, inFlight: 3 };
  pool.looks(20, { ...each(others, well), a: cold });
  t.true(pool.weight('a') < 40, `${pool.weight('a')}`);
  pool.looks(80, { ...each(others, well), a: cold });
  t.is(pool.weight('a'), 100);
});

test('a look that happens upon a request in flight does not hold a ramp where few come', (t) => {
  const pool = running();
  pool.looks(60, { ...each(others, well), a: down });
  for (let look = 0; look < 25; look += 1) {
    pool.look({ ...each(others, well), a: look % 5 === 1 ? { inFlight: 1 } : { ok: look % 5 === 2 ? 1 : 0 } });
  }
  t.is(pool.weight('a'), 100);
});

test('what the others cannot carry is carried cold', (t) => {
  const pool = running();
  const busy: Deed = { ok: 22, inFlight: 1 };
  pool.looks(60, { ...each(others, busy), a: down });
  t.true(pool.weight('a') >= 90, `440 of 400 requests a second: ${pool.weight('a')}`);
});

test('where nothing is known of capacities the larger part does not wait for the smaller one', (t) => {
  const pool = running(null);
  const gone = { a: down, b: down, c: down };
  pool.looks(60, { ...each(names, well), ...gone });
  t.deepEqual([pool.weight('a'), pool.weight('b')], [100, 100]);
  const one = running(null);
  one.looks(60, { ...each(others, well), a: down });
  t.is(one.weight('a'), 10);
});

test('a drained server is released at once where nobody else answers', (t) => {
  const pool = running();
  const order = pool.orders.get('a');
  if (order !== undefined) pool.orders.set('a', { ...order, full: 0 });
  pool.looks(10, each(others, well));
  t.deepEqual([pool.weight('a'), pool.released], [0, []]);
  pool.look(each(others, down));
  t.deepEqual(pool.released, ['a']);
});

test('a drained server is released where the others are asked for more than they can do', (t) => {
  const pool = running();
  const order = pool.orders.get('a');
  if (order !== undefined) pool.orders.set('a', { ...order, full: 0 });
  let released = 0;
  for (let look = 0; look < 30; look += 1) {
    pool.look({ ...each(others, { ok: 24, inFlight: 10 }) });
    released += pool.released.length;
  }
  t.true(released > 0);
});
