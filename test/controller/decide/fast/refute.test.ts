import test from 'ava';
import type { OrderedLimit } from '../../../../controller/decide/orders.ts';
import { Pool } from './pool.ts';

const limit: OrderedLimit = { most: 2, fullconn: null, configured: null };
const names = ['a', 'b', 'c'];

/** Servers of 100 requests a second with these limits. */
function poolWith(changes: Partial<OrderedLimit> = {}): Pool {
  return new Pool(names, false, { capacity: 100, limit: { ...limit, ...changes } });
}

/** After so many looks of 200 ms, which servers' limits are wrong, and why. */
function refutedAfter(pool: Pool, looks: number, deeds: Parameters<Pool['looks']>[1]): Record<string, string> {
  const refuted: Record<string, string> = {};
  for (let done = 0; done < looks; done += 1) {
    pool.look(deeds);
    Object.assign(refuted, Object.fromEntries(pool.limits.refuted));
  }
  return refuted;
}

test('servers at their limits that answer all they can have right limits, however many wait', (t) => {
  const pool = poolWith();
  pool.waiting = 1_000;
  const busy = { ok: 20, inFlight: 2 };
  t.deepEqual(refutedAfter(pool, 100, { a: busy, b: busy, c: busy }), {});
  t.deepEqual([...pool.limits.full], names);
});

test('where all are at their limits and answer a tenth, requests wait elsewhere: open within half a second', (t) => {
  const pool = poolWith();
  const stuck = { ok: 2, inFlight: 2 };
  pool.look({ a: { ok: 20, inFlight: 1 }, b: { ok: 20, inFlight: 1 }, c: { ok: 20, inFlight: 1 } });
  const wrong = refutedAfter(pool, 3, { a: stuck, b: stuck, c: stuck });
  t.deepEqual(wrong, { a: 'not-working', b: 'not-working', c: 'not-working' });
});

test('one server that became half as fast has no wrong limit', (t) => {
  const pool = poolWith();
  const busy = { ok: 20, inFlight: 2 };
  t.deepEqual(refutedAfter(pool, 200, { a: { ok: 10, inFlight: 2 }, b: busy, c: busy }), {});
});

test('one server at its limit that answers nothing for more than a second has, and only that one', (t) => {
  const pool = poolWith();
  const busy = { ok: 20, inFlight: 1 };
  t.deepEqual(refutedAfter(pool, 4, { a: { inFlight: 2 }, b: busy, c: busy }), {});
  t.deepEqual(refutedAfter(pool, 3, { a: { inFlight: 2 }, b: busy, c: busy }), { a: 'not-working' });
});

test('a pause of 0.8 s is no wrong limit', (t) => {
  const pool = poolWith();
  const busy = { ok: 20, inFlight: 1 };
  for (let pauses = 0; pauses < 20; pauses += 1) {
    t.deepEqual(refutedAfter(pool, 4, { a: { inFlight: 2 }, b: busy, c: busy }), {});
    t.deepEqual(refutedAfter(pool, 6, { a: { ok: 20, inFlight: 1 }, b: busy, c: busy }), {});
  }
});

test('requests that wait for one server while another has room are bound to it', (t) => {
  const pool = poolWith();
  const busy = { ok: 20, inFlight: 2, queued: 3 };
  t.deepEqual(refutedAfter(pool, 2, { a: busy, b: { ok: 20, inFlight: 1 }, c: { ok: 20, inFlight: 2 } }), {});
  const wrong = refutedAfter(pool, 1, { a: busy, b: { ok: 20, inFlight: 1 }, c: { ok: 20, inFlight: 2 } });
  t.deepEqual(wrong, { a: 'bound-to-it' });
});

test('one request that gave up waiting in HAProxy opens all limits at once', (t) => {
  const pool = poolWith();
  pool.look({ a: { ok: 20, inFlight: 2 } });
  pool.gaveUp = 1;
  pool.look({ a: { ok: 20, inFlight: 2 } });
  t.deepEqual(Object.fromEntries(pool.limits.refuted), { a: 'gave-up', b: 'gave-up', c: 'gave-up' });
});

test('requests that gave up before the first look say nothing of our limits', (t) => {
  const pool = poolWith();
  pool.gaveUp = 500;
  pool.looks(2, { a: { ok: 20, inFlight: 2 } });
  t.is(pool.limits.refuted.size, 0);
});

test('requests that wait although servers have room: HAProxy scales our limits down', (t) => {
  const pool = poolWith({ configured: 100 });
  pool.waiting = 5;
  const under = { ok: 20, inFlight: 1 };
  t.deepEqual(refutedAfter(pool, 2, { a: under, b: under, c: under }), {});
  const wrong = refutedAfter(pool, 1, { a: under, b: under, c: under });
  t.deepEqual(wrong, { a: 'scaled-down', b: 'scaled-down', c: 'scaled-down' });
});

test('a limit that scales is reached only where the server line has no minconn', (t) => {
  const fullconn = 10_000;
  const scaled = { most: 4_000, fullconn, configured: fullconn };
  const pool = poolWith(scaled);
  t.deepEqual(refutedAfter(pool, 5, { a: { ok: 20, inFlight: 1_500 }, b: { ok: 20, inFlight: 1_500 } }), {});
  t.deepEqual(refutedAfter(pool, 1, { a: { ok: 20, inFlight: 4_000 } }), { a: 'no-minconn' });
  const loaded = poolWith(scaled);
  const most = { ok: 20, inFlight: 4_000 };
  t.deepEqual(refutedAfter(loaded, 5, { a: most, b: most, c: most }), {}, 'all of fullconn is in flight');
});

test('one error opens all limits, until it is known whether the server fails', (t) => {
  const pool = poolWith();
  const busy = { ok: 20, inFlight: 2 };
  pool.looks(5, { a: busy, b: busy, c: busy });
  t.false(pool.limits.isFailing);
  pool.look({ a: { ok: 0, errors: 1, inFlight: 2 }, b: busy, c: busy });
  t.true(pool.limits.isFailing);
  t.is(pool.limits.refuted.size, 0);
  pool.look({ a: busy, b: busy, c: busy });
  t.false(pool.limits.isFailing);
});

test('the order of the servers does not matter', (t) => {
  const [one, other] = [false, true].map((reverse) => {
    const pool = poolWith();
    for (let looks = 0; looks < 30; looks += 1) {
      const deeds = {
        a: { ok: looks % 3, inFlight: 2 },
        b: { ok: 1, inFlight: 2 },
        c: { inFlight: 2, queued: looks % 2 },
      };
      pool.look(deeds, 200, reverse);
    }
    return [Object.fromEntries(pool.limits.refuted), pool.state.limits];
  });
  t.deepEqual(one, other);
});
