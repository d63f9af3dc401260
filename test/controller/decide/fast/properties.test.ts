import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import { type Deed, Pool } from './pool.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f'];

const count = fc.oneof({ arbitrary: fc.nat({ max: 40 }), weight: 3 }, fc.constantFrom(0, 1, 5_000));
const deed: fc.Arbitrary<Deed> = fc.record({
  status: fc.oneof(
    { arbitrary: fc.constant('up' as const), weight: 6 },
    fc.constantFrom('down' as const, 'away' as const),
  ),
  ok: count,
  errors: fc.oneof({ arbitrary: fc.constant(0), weight: 2 }, count),
  retries: fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, count),
  redispatches: fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, count),
  inFlight: fc.nat({ max: 300 }),
  reset: fc.oneof({ arbitrary: fc.constant(false), weight: 20 }, fc.constant(true)),
});
const look = fc.record({
  deeds: fc.array(deed, { minLength: names.length, maxLength: names.length }),
  elapsedMs: fc.constantFrom(1, 50, 200, 2_000, 60_000),
});
const looks = fc.array(look, { minLength: 1, maxLength: 40 });
const pools = fc.record({ size: fc.integer({ min: 1, max: names.length }), isLeastconn: fc.boolean() });

function deedsOf(deeds: readonly Deed[]): Record<string, Deed> {
  return Object.fromEntries(names.map((name, index) => [name, deeds[index] ?? {}]));
}

test('never are all at 0, never is more than half open, and never the last server', (t) => {
  const property = fc.property(pools, looks, ({ size, isLeastconn }, some) => {
    const pool = new Pool(names.slice(0, size), isLeastconn);
    for (const { deeds, elapsedMs } of some) {
      pool.look(deedsOf(deeds), elapsedMs);
      const up = [...pool.orders.keys()].filter((_, index) => deeds[index]?.status === 'up');
      const open = pool.open.filter((server) => up.includes(server));
      assert.ok(open.length * 2 <= up.length, `${open} of ${up}`);
      assert.ok(up.length === 0 || up.some((server) => pool.weight(server) > 0), 'all at 0');
      for (const server of pool.orders.keys()) {
        const { ramp } = pool.fast(server);
        assert.ok(ramp > 0 && ramp <= 1, `${ramp}`);
        assert.ok(Number.isInteger(pool.weight(server)), `${pool.weight(server)}`);
      }
    }
  });
  fc.assert(property, { seed: 31, numRuns: 300 });
  t.pass();
});

test('the order of the servers does not matter', (t) => {
  const property = fc.property(fc.boolean(), looks, (isLeastconn, some) => {
    const [one, other] = [new Pool(names, isLeastconn), new Pool(names, isLeastconn)];
    for (const { deeds, elapsedMs } of some) {
      one.look(deedsOf(deeds), elapsedMs);
      other.look(deedsOf(deeds), elapsedMs, true);
      assert.deepEqual(one.state, other.state);
    }
  });
  fc.assert(property, { seed: 32, numRuns: 200 });
  t.pass();
});

test('without an error no breaker opens, whatever else happens', (t) => {
  const property = fc.property(pools, looks, ({ size, isLeastconn }, some) => {
    const pool = new Pool(names.slice(0, size), isLeastconn);
    for (const { deeds, elapsedMs } of some) {
      pool.look(deedsOf(deeds.map((each) => ({ ...each, errors: 0, retries: 0, redispatches: 0 }))), elapsedMs);
      assert.deepEqual(pool.open, []);
    }
  });
  fc.assert(property, { seed: 33, numRuns: 200 });
  t.pass();
});

test('every server that is out is tried again within a minute, and is back soon after it is well', (t) => {
  const property = fc.property(pools, looks, ({ size, isLeastconn }, some) => {
    const pool = new Pool(names.slice(0, size), isLeastconn);
    for (const { deeds, elapsedMs } of some) pool.look(deedsOf(deeds), elapsedMs);
    // those with a weight have answers
    for (let done = 0; done < 5 * 75; done += 1) {
      const serving = [...pool.orders.keys()].filter((server) => pool.weight(server) > 0);
      pool.look(Object.fromEntries(serving.map((server) => [server, { ok: 4, inFlight: 1 }])));
    }
    assert.deepEqual(pool.open, []);
    for (const server of pool.orders.keys()) assert.equal(pool.weight(server), 100);
  });
  fc.assert(property, { seed: 34, numRuns: 60 });
  t.pass();
});
