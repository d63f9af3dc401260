import test from 'ava';
import { fastReasons } from '../../../../controller/decide/fast/fast-weight.ts';
import { seededRandom } from '../../../../shared/math/random.ts';
import { type Deed, each, Pool } from './pool.ts';

const names = ['a', 'b', 'c', 'd', 'e'];
const well: Deed = { ok: 10, inFlight: 1 };
const failing: Deed = { errors: 10 };
const idle: Deed = {};

function running(isLeastconn = true): Pool {
  const pool = new Pool(names, isLeastconn);
  pool.looks(20, each(names, well));
  return pool;
}

for (const [isLeastconn, out] of [
  [true, 0],
  [false, 1],
] as const) {
  test(`a server that fails fast has weight ${out} ${isLeastconn ? 'under leastconn' : 'elsewhere'} after one look`, (t) => {
    const pool = running(isLeastconn);
    pool.look({ ...each(names, well), a: failing });
    t.is(pool.weight('a'), out);
    t.deepEqual(pool.open, ['a']);
    t.deepEqual(
      names.slice(1).map((name) => pool.weight(name)),
      [100, 100, 100, 100],
    );
  });
}

test('three errors in a row may be chance, five are not; redispatches and refused connections count the same', (t) => {
  for (const deed of [{ errors: 1 }, { retries: 1 }, { redispatches: 1 }, { retries: 1, redispatches: 1 }]) {
    const pool = running();
    pool.looks(3, { ...each(names, well), a: deed });
    t.deepEqual(pool.open, []);
    pool.looks(2, { ...each(names, well), a: deed });
    t.deepEqual(pool.open, ['a']);
  }
});

test('a trickle is enough: one request every two seconds', (t) => {
  const pool = new Pool(names);
  for (let look = 0; look < 100; look += 1) {
    const deed = look % 10 === 0 ? { ok: 1 } : idle;
    pool.look({ ...each(names, deed), a: look % 10 === 5 ? { errors: 1 } : idle });
    if (pool.open.length > 0) return t.true(look < 60, `${look}`);
  }
  return t.fail();
});

test('in a million requests with 1 % errors no breaker opens', (t) => {
  const random = seededRandom(7);
  const pool = new Pool(names, false);
  for (let look = 0; look < 20_000; look += 1) {
    const deeds = names.map((name) => {
      let errors = 0;
      for (let request = 0; request < 10; request += 1) if (random() < 0.01) errors += 1;
      return [name, { ok: 10 - errors, errors }] as const;
    });
    pool.look(Object.fromEntries(deeds));
    if (pool.open.length > 0) return t.fail(`look ${look}: ${pool.open}`);
  }
  return t.pass();
});

test('what all have in common opens nothing, and ends what it opened before that was clear', (t) => {
  const pool = running();
  for (let look = 0; look < 75; look += 1) {
    pool.look(each(names, failing));
    t.true(pool.open.length <= 1, `look ${look}: ${pool.open}`);
    if (look > 2) t.deepEqual(pool.open, []);
  }
  pool.looks(100, each(names, well));
  t.deepEqual(pool.open, []);
  t.deepEqual(
    names.map((name) => pool.weight(name)),
    [100, 100, 100, 100, 100],
  );
});

test('more than half fail: the one that was out is back', (t) => {
  const pool = running();
  pool.looks(3, { ...each(names, well), a: failing });
  t.deepEqual(pool.open, ['a']);
  pool.looks(5, { ...each(names, failing), d: well, e: well });
  t.deepEqual(pool.open, []);
});

test('time-outs of an overloaded server are no fast failures', (t) => {
  const pool = running();
  // each has waited for five seconds
  const overloaded: Deed = { ok: 4, errors: 4, inFlight: 200 };
  pool.looks(50, { ...each(names, { ok: 8, inFlight: 150 }), a: overloaded });
  t.deepEqual(pool.open, []);
});

test('part of its 4xx counts where the tick says so', (t) => {
  const pool = running();
  const refusing = { ok: 10, clientErrors: 10 };
  pool.looks(20, { ...each(names, well), a: refusing });
  t.deepEqual(pool.open, []);
  const order = pool.orders.get('a');
  if (order !== undefined) pool.orders.set('a', { ...order, refusing: 0.9 });
  pool.look({ ...each(names, well), a: refusing });
  t.deepEqual(pool.open, ['a']);
});

/** Looks until it is tried again; how long that took, in ms. */
function untilProbe(pool: Pool): number {
  let waitedMs = 0;
  while (pool.fast('a').breaker === 'open' && waitedMs < 200_000) {
    pool.look(each(names.slice(1), well));
    waitedMs += 200;
  }
  return waitedMs;
}

test('it is tried after 5, 10, 20, 40 and then every 60 s, with weight 1 under leastconn', (t) => {
  const pool = running();
  pool.look({ ...each(names, well), a: failing });
  const waits: number[] = [];
  for (let time = 0; time < 6; time += 1) {
    waits.push(untilProbe(pool));
    t.is(pool.weight('a'), 1);
    pool.look({ ...each(names, well), a: { errors: 1 } });
    t.is(pool.weight('a'), 0);
  }
  t.deepEqual(waits, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
});

test('elsewhere it is tried with a few requests a second, whatever the load', (t) => {
  const pool = running(false);
  pool.look({ ...each(names, well), a: failing });
  untilProbe(pool);
  t.true(pool.weight('a') >= 2 && pool.weight('a') <= 10, `${pool.weight('a')}`);
});

test('the reason tells a server that is out from one that is tried again, until its answers are there', (t) => {
  const pool = running();
  const why = () => fastReasons(pool.fast('a')).map(({ code }) => code);
  pool.look({ ...each(names, well), a: failing });
  t.deepEqual(why(), ['ejected']);
  untilProbe(pool);
  t.deepEqual(why(), ['probed']);
  pool.look({ ...each(names, well), a: { started: 4, inFlight: 4 } });
  t.deepEqual(why(), ['probed'], 'the answers are awaited');
  pool.look({ ...each(names, well), a: { errors: 4, started: 0 } });
  t.deepEqual(why(), ['ejected']);
});

test('a probe has no weight once enough requests are under way; three answers close it, and it comes back by a ramp', (t) => {
  const pool = running();
  pool.look({ ...each(names, well), a: failing });
  untilProbe(pool);
  pool.look({ ...each(names, well), a: { started: 4, inFlight: 4 } });
  t.is(pool.weight('a'), 0, 'the answers are awaited');
  pool.look({ ...each(names, well), a: { ok: 2, started: 0, inFlight: 2 } });
  t.is(pool.weight('a'), 0);
  pool.look({ ...each(names, well), a: { ok: 2, started: 0 } });
  t.true(pool.weight('a') >= 20 && pool.weight('a') < 30, `${pool.weight('a')}`);
  pool.looks(15, each(names, well));
  t.is(pool.weight('a'), 100);
});

test('counters that go back while it is open change nothing; the next errors count again', (t) => {
  const pool = running();
  pool.look({ ...each(names, well), a: failing });
  pool.look({ ...each(names, { ...well, reset: true }), a: { ...failing, reset: true } });
  t.deepEqual(pool.open, ['a']);
  untilProbe(pool);
  pool.look({ ...each(names, well), a: { errors: 1 } });
  t.is(pool.weight('a'), 0);
});

test('a server that HAProxy has had out comes back by its ramp, and its breaker is closed', (t) => {
  const pool = running();
  pool.look({ ...each(names, well), a: failing });
  pool.looks(25, { ...each(names, well), a: { status: 'down' } });
  t.is(pool.weight('a'), 50, 'it comes back with that');
  pool.look(each(names, well));
  t.is(pool.weight('a'), 50);
  pool.looks(10, each(names, well));
  t.is(pool.weight('a'), 100);
  t.deepEqual(pool.open, []);
});

test('of two servers one, of three one, of four two may be out', (t) => {
  for (const [count, most] of [
    [1, 0],
    [2, 1],
    [3, 1],
    [4, 2],
  ] as const) {
    const some = names.slice(0, count);
    const pool = new Pool(some);
    pool.looks(20, each(some, well));
    pool.look({ ...each(some, well), a: failing });
    pool.looks(3, { ...each(some, well), a: idle, b: failing });
    t.true(pool.open.length <= most, `${pool.open} of ${count}`);
  }
});

test('a server that still does half of what it can is overloaded, not broken; once it does less, it is', (t) => {
  const pool = new Pool(names, true, { capacity: 60 });
  pool.looks(20, each(names, well));
  const refusing: Deed = { ok: 10, retries: 15, started: 25, inFlight: 1 };
  pool.looks(30, { ...each(names, well), a: refusing });
  t.deepEqual(pool.open, []);
  pool.looks(3, { ...each(names, well), a: { retries: 25, started: 25, inFlight: 1 } });
  t.deepEqual(pool.open, ['a']);
});

test('4xx that stand out are no work, however many', (t) => {
  const pool = new Pool(names, true, { capacity: 60 });
  pool.looks(20, each(names, well));
  for (const [name, order] of pool.orders) pool.orders.set(name, { ...order, refusing: name === 'a' ? 1 : 0 });
  pool.looks(2, { ...each(names, well), a: { ok: 30, clientErrors: 30, started: 30 } });
  t.deepEqual(pool.open, ['a']);
});
