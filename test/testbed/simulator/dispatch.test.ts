import test from 'ava';
import fc from 'fast-check';
import { seededRandom } from '../../../shared/math/random.ts';
import type { Dispatch, HasRoom, Target } from '../../../testbed/simulator/dispatch/dispatch.ts';
import { leastconn } from '../../../testbed/simulator/dispatch/leastconn.ts';
import { randomOfTwo } from '../../../testbed/simulator/dispatch/random.ts';
import { roundrobin } from '../../../testbed/simulator/dispatch/roundrobin.ts';
import { targets } from './build.ts';

function picks(dispatch: Dispatch, count: number): number[] {
  return Array.from({ length: count }, () => dispatch.pick(null)?.index ?? -1);
}

function counts(indices: readonly number[], servers: number): number[] {
  return Array.from({ length: servers }, (_, index) => indices.filter((each) => each === index).length);
}

function serve(dispatch: Dispatch, target: Target, served: number): void {
  target.served = served;
  dispatch.changed(target);
}

const anyRoom: HasRoom = () => true;
const weights = fc.array(fc.integer({ min: 0, max: 256 }), { minLength: 1, maxLength: 8 });

test('roundrobin gives every server exactly its weight over a cycle', (t) => {
  fc.assert(
    fc.property(weights, (each) => {
      const cycle = each.reduce((sum, weight) => sum + weight, 0);
      fc.pre(cycle > 0);
      const dispatch = roundrobin(targets(each), anyRoom);
      for (let turn = 0; turn < 2; turn += 1) t.deepEqual(counts(picks(dispatch, cycle), each.length), each);
    }),
    { numRuns: 50 },
  );
});

test('roundrobin is smooth, and spreads 5, 1, 1 as a a b a c a a', (t) => {
  t.deepEqual(picks(roundrobin(targets([5, 1, 1]), anyRoom), 7), [0, 0, 1, 0, 2, 0, 0]);
});

test('under roundrobin a server that was away neither catches up nor holds back', (t) => {
  const [a, b] = targets([100, 100]) as [Target, Target];
  const dispatch = roundrobin([a, b], anyRoom);
  picks(dispatch, 3);
  b.up = false;
  dispatch.changed(b);
  t.deepEqual(counts(picks(dispatch, 50), 2), [50, 0]);
  b.up = true;
  dispatch.changed(b);
  t.deepEqual(counts(picks(dispatch, 10), 2), [5, 5]);
});

test('leastconn picks an idle server first, whatever its weight', (t) => {
  const all = targets([256, 256, 1]) as [Target, Target, Target];
  const dispatch = leastconn(all, anyRoom);
  serve(dispatch, all[0], 1);
  serve(dispatch, all[1], 1);
  t.is(dispatch.pick(null), all[2]);
});

test('leastconn compares (served + 1) * 256 / weight in whole numbers', (t) => {
  const all = targets([256, 105]) as [Target, Target];
  const dispatch = leastconn(all, anyRoom);
  serve(dispatch, all[1], 1); // 2 * 256 / 105 = 4
  serve(dispatch, all[0], 2); // 3
  t.is(dispatch.pick(null), all[0]);
  serve(dispatch, all[0], 3); // 4, and put back after the other
  t.is(dispatch.pick(null), all[1]);
  serve(dispatch, all[0], 4); // 5
  t.is(dispatch.pick(null), all[1]);
  serve(dispatch, all[1], 2); // 7
  t.is(dispatch.pick(null), all[0]);
});

test('leastconn picks among equals the one that was put back longest ago', (t) => {
  const all = targets([100, 100, 100]);
  const dispatch = leastconn(all, anyRoom);
  const order: number[] = [];
  for (let request = 0; request < 6; request += 1) {
    const target = dispatch.pick(null);
    if (target === null) continue;
    order.push(target.index);
    serve(dispatch, target, 1);
    serve(dispatch, target, 0);
  }
  t.deepEqual(order, [0, 1, 2, 0, 1, 2]);
});

test('random(2) draws by weight while all are idle', (t) => {
  const each = [200, 100, 50, 0];
  const draws = 100_000;
  const shares = counts(picks(randomOfTwo(targets(each), seededRandom(5), anyRoom), draws), 4).map(
    (count) => count / draws,
  );
  for (const [index, weight] of each.entries())
    t.true(Math.abs((shares[index] ?? 0) - weight / 350) < 0.005, `${shares}`);
});

test('random(2) picks the less loaded of its two draws', (t) => {
  const all = targets([100, 100]) as [Target, Target];
  const dispatch = randomOfTwo(all, seededRandom(6), anyRoom);
  all[0].served = 3;
  const draws = 100_000;
  const [busy = 0] = counts(picks(dispatch, draws), 2);
  t.true(Math.abs(busy / draws - 0.25) < 0.005, `${busy}`);
  // 3 requests for twice the weight are as many as 1.5: less than 2
  all[0].weight = 200;
  all[1].served = 2;
  const [larger = 0] = counts(picks(dispatch, draws), 2);
  t.true(Math.abs(larger / draws - 8 / 9) < 0.005, `${larger}`);
});

const dispatches = [
  (all: readonly Target[], hasRoom: HasRoom) => roundrobin(all, hasRoom),
  (all: readonly Target[], hasRoom: HasRoom) => leastconn(all, hasRoom),
  (all: readonly Target[], hasRoom: HasRoom, seed: number) => randomOfTwo(all, seededRandom(seed), hasRoom),
];

test('no dispatch picks a server that is down or has weight 0, and without others it gives null', (t) => {
  const state = fc.record({ weight: fc.integer({ min: 0, max: 3 }), up: fc.boolean(), served: fc.nat(3) });
  const states = fc.array(state, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(states, fc.nat(4), fc.constantFrom(...dispatches), fc.nat(), (each, avoided, make, seed) => {
      const all = each.map((sketch, index) => ({ index, ...sketch }));
      const avoid = all[avoided] ?? null;
      const picked = make(all, anyRoom, seed).pick(avoid);
      const eligible = all.filter(({ weight, up }) => up && weight > 0);
      if (eligible.length === 0) return t.is(picked, null);
      const expected = eligible.length > 1 ? eligible.filter((target) => target !== avoid) : eligible;
      return t.true(expected.some((target) => target === picked));
    }),
  );
});

test('roundrobin and leastconn pass over servers without room, and no dispatch picks one', (t) => {
  const state = fc.record({ weight: fc.integer({ min: 0, max: 3 }), up: fc.boolean(), served: fc.nat(3) });
  const states = fc.array(state, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(states, fc.nat(4), fc.constantFrom(0, 1, 2), fc.nat(), (each, avoided, which, seed) => {
      const all = each.map((sketch, index) => ({ index, ...sketch }));
      const avoid = all[avoided] ?? null;
      const hasRoom = ({ served }: Target) => served < 2;
      const picked = dispatches[which]?.(all, hasRoom, seed).pick(avoid) ?? null;
      const free = all.filter((target) => target.up && target.weight > 0 && hasRoom(target));
      const expected = free.length > 1 ? free.filter((target) => target !== avoid) : free;
      // the better of two draws may be full where another has room
      if (picked === null) return t.true(which === 2 || free.length === 0);
      return t.true((which === 2 ? free : expected).some((target) => target === picked));
    }),
  );
});

test('under roundrobin a full server loses its turns, and the others share them by their weights', (t) => {
  const all = targets([4, 2, 1]);
  const dispatch = roundrobin(all, ({ index }) => index !== 0);
  t.deepEqual(counts(picks(dispatch, 300), 3), [0, 200, 100]);
  const again = roundrobin(all, ({ served }) => served === 0);
  for (const target of all) target.served = 1;
  t.is(again.pick(null), null);
  for (const target of all) target.served = 0;
  t.deepEqual(counts(picks(again, 7), 3), [4, 2, 1]);
});
