import test from 'ava';
import fc from 'fast-check';
import { apportion } from '../../../controller/decide/apportion.ts';

const weights = fc
  .array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 40 })
  .map((values) => new Map(values.map((value, index) => [`s${index}`, value])));

function wholes(some: ReadonlyMap<string, number>, total: number): number[] {
  return [...apportion(some, total)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { whole }]) => whole);
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

test('three servers of 256, 128 and 64 share a sum of 30', (t) => {
  const some = new Map([
    ['a', 256],
    ['b', 128],
    ['c', 64],
  ]);
  t.deepEqual(wholes(some, 30), [17, 9, 4]);
  t.deepEqual(wholes(some, 3), [1, 1, 1], 'no finer than this');
  t.deepEqual(wholes(some, 2), [1, 1, 1], 'each is at least 1');
  t.deepEqual(wholes(some, 600), [256, 229, 115], 'what does not fit into 256 goes to the rest');
  t.deepEqual(wholes(some, 1_000), [256, 256, 256]);
});

test('property: the sum is exact wherever 1 to 256 each allows it, and no weight is a whole unit off', (t) => {
  fc.assert(
    fc.property(weights, fc.integer({ min: 0, max: 12_000 }), (some, total) => {
      const parts = [...apportion(some, total).values()];
      const possible = Math.min(256 * some.size, Math.max(some.size, total));
      const isWhole = parts.every(({ whole }) => Number.isInteger(whole) && whole >= 1 && whole <= 256);
      const isNear = parts.every(({ whole, exact }) => Math.abs(whole - exact) < 1);
      return isWhole && isNear && sumOf(parts.map(({ whole }) => whole)) === possible;
    }),
    { numRuns: 2_000, seed: 61 },
  );
  t.pass();
});

test('property: a larger weight never gets less, and the order of the servers does not matter', (t) => {
  fc.assert(
    fc.property(weights, fc.integer({ min: 0, max: 6_000 }), (some, total) => {
      const parts = apportion(some, total);
      const all = [...some].map(([server, weight]) => ({ weight, whole: parts.get(server)?.whole ?? 0 }));
      const isMonotone = all.every((a) => all.every((b) => a.weight <= b.weight || a.whole >= b.whole));
      return (
        isMonotone &&
        JSON.stringify(wholes(some, total)) === JSON.stringify(wholes(new Map([...some].reverse()), total))
      );
    }),
    { numRuns: 1_000, seed: 62 },
  );
  t.pass();
});
