import test from 'ava';
import { findWeights, weightToGiveBack } from '../../../controller/observe/found-weights.ts';

/* Servers that the configuration keeps at weight 0, and that were put into service at run time. */

const ready = { maintenance: false, drain: false };
const state = (server: string, weight: number, configuredWeight = 0, maintenance = false) => {
  return { server, weight, configuredWeight, adminState: { ...ready, maintenance } };
};
const found = (weight: number, isOurZero = false) => new Map([['s1', { weight, isOurZero }]]);
const decided = (weight: number) => new Map([['s1', weight]]);

test('what it is first seen with is what it gets back, whatever is written since', (t) => {
  t.deepEqual(findWeights([state('s1', 1)], null), found(1));
  t.deepEqual(findWeights([state('s1', 256)], found(1), decided(256)), found(1));
  t.deepEqual(findWeights([state('s1', 3), state('s2', 256, 100)], new Map()), found(3), 'haweight is at work already');
  t.deepEqual(findWeights([state('s1', 7, 100)], new Map()), new Map(), 'its configured weight is known');
});

test('at the first reading the weight may be that of a controller before: the others tell', (t) => {
  t.deepEqual(findWeights([state('s1', 256), state('s2', 200, 4), state('s3', 256, 6)], null), found(5));
  t.deepEqual(findWeights([state('s1', 3), state('s2', 4, 4)], null), found(3), 'the others have their own weights');
  t.deepEqual(findWeights([state('s1', 256), { ...state('s2', 9, 4), fault: 'x' }], null), found(256));
});

test('our weight 0 is not the end, also while it is down and has no decision', (t) => {
  const ours = findWeights([state('s1', 0)], found(1), decided(0));
  t.deepEqual(ours, found(1, true));
  t.deepEqual(findWeights([state('s1', 0)], ours), found(1, true));
  t.deepEqual(findWeights([state('s1', 9)], ours, decided(9)), found(1));
});

test('weight 0 of another writer, or maintenance at 0, is the end', (t) => {
  t.deepEqual(findWeights([state('s1', 0)], found(1), decided(256)), new Map());
  t.deepEqual(findWeights([state('s1', 0)], found(1)), new Map());
  t.deepEqual(findWeights([state('s1', 0, 0, true)], found(1, true), decided(0)), new Map());
  t.deepEqual(findWeights([state('s1', 0)], null), new Map());
});

test('a row that cannot be read changes nothing', (t) => {
  const unreadable = { ...state('s1', 0), fault: 'x' };
  t.deepEqual(findWeights([unreadable], found(1), decided(256)), found(1));
  t.deepEqual(findWeights([unreadable], null), new Map());
});

test('the weight to give back is 1 at least, and 0 only where it is kept out', (t) => {
  t.is(weightToGiveBack(state('s1', 0), []), 0);
  t.is(weightToGiveBack(state('s1', 9, 70), []), 70);
  t.is(weightToGiveBack(state('s1', 9), [state('s2', 256, 1)]), 1);
  t.is(weightToGiveBack(state('s1', 9), [state('s2', 9, 1)]), 9, "an operator's: haweight gives the largest 256");
});
