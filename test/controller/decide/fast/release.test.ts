import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import { type Deed, Pool } from './pool.ts';

const capacity = fc.integer({ min: 20, max: 400 });

const backend = fc.record({
  /** Requests per second that the servers in use can do, and how many times that they are asked for. */
  open: fc.array(capacity, { minLength: 1, maxLength: 5 }),
  drained: fc.array(capacity, { minLength: 1, maxLength: 6 }),
  times: fc.double({ min: 1.05, max: 4, noNaN: true }),
  reverse: fc.boolean(),
});

/** Looks until drained servers are released; which are. */
function release(open: readonly number[], drained: readonly number[], times: number, reverse: boolean) {
  const pool = new Pool([]);
  const usual = { size: 1, machine: '', refusing: 0, undrained: 100, limit: null };
  const deeds: Record<string, Deed> = {};
  for (const [index, can] of open.entries()) {
    pool.orders.set(`open${index}`, { ...usual, full: 100, capacity: can });
    pool.weights.set(`open${index}`, 100);
    deeds[`open${index}`] = { ok: (can * times) / 5, inFlight: 1 };
  }
  for (const [index, can] of drained.entries()) {
    pool.orders.set(`drained${index}`, { ...usual, full: 0, capacity: can });
    pool.weights.set(`drained${index}`, 0);
  }
  for (let look = 0; look < 10 && pool.released.length === 0; look += 1) pool.look(deeds, 200, reverse);
  return pool.released;
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

test('in overload as many drained servers are released as are needed, those that can do most first', (t) => {
  fc.assert(
    fc.property(backend, ({ open, drained, times, reverse }) => {
      const asked = sumOf(open) * times;
      const released = release(open, drained, times, reverse);
      const can = released.map((server) => drained[Number(server.slice('drained'.length))] ?? Number.NaN);
      assert.ok(released.length > 0);
      const withAll = sumOf(open) + sumOf(can);
      const least = Math.min(...can);
      const left = drained.filter((_, index) => !released.includes(`drained${index}`));
      assert.ok(left.length === 0 || asked <= 0.85 * withAll + 1e-6, 'they are enough, or all that there are');
      assert.ok(asked > 0.85 * (withAll - least) - 1e-6, 'one less would not be');
      assert.ok(
        left.every((each) => each <= least),
        'the others have less room',
      );
    }),
    { numRuns: 300, seed: 61 },
  );
  t.pass();
});

test('of three equal drained servers one comes back for a small excess', (t) => {
  t.deepEqual(release([100, 100, 100], [100, 100, 100], 1.1, false), ['drained0']);
});
