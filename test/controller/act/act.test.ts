import test from 'ava';
import { whatToRestore } from '../../../controller/act/act.ts';
import type { LeftWeights } from '../../../controller/act/ledger.ts';
import { type Facts, rowOf, stateOf } from '../support/rows.ts';

const ours = (server: string, weights: readonly number[], giveBack = 100): LeftWeights =>
  new Map([[server, { weights, giveBack }]]);

/** The weights that are given back, by server. */
function givenBack(facts: readonly Facts[], left: LeftWeights | null): Readonly<Record<string, number>> {
  const restored = whatToRestore(facts.map(stateOf), facts.map(rowOf), left);
  return Object.fromEntries(restored.givenBack.map(({ server, weight }) => [server, weight]));
}

test('nothing is put back where the weight is the configured one, or the server is gone', (t) => {
  t.deepEqual(givenBack([{ weight: 100 }], null), {});
  t.deepEqual(whatToRestore([stateOf({})], [], null).givenBack, []);
});

test('only a weight that we left and that is still in force is put back; any other is named', (t) => {
  t.deepEqual(givenBack([{ weight: 7 }], ours('s1', [7])), { s1: 100 });
  for (const left of [new Map(), ours('s1', [8]), ours('s2', [7])]) {
    t.deepEqual(givenBack([{ weight: 7 }], left), {});
    t.deepEqual(whatToRestore([stateOf({ weight: 7 })], [rowOf({})], left).leftAlone, ['s1']);
  }
  t.deepEqual(whatToRestore([stateOf({ weight: 100 })], [rowOf({})], new Map()).leftAlone, []);
});

test('a write that may or may not have reached HAProxy is ours either way', (t) => {
  for (const weight of [7, 60]) t.deepEqual(givenBack([{ weight }], ours('s1', [7, 60])), { s1: 100 });
  t.deepEqual(givenBack([{ weight: 50 }], ours('s1', [7, 60])), {});
});

test("in maintenance or drain ours is put back, and an operator's stays, 0 too", (t) => {
  for (const facts of [
    { maintenance: true, status: 'MAINT' },
    { drain: true, status: 'DRAIN' },
  ]) {
    t.deepEqual(givenBack([{ ...facts, weight: 0 }], ours('s1', [0])), { s1: 100 });
    for (const weight of [0, 5]) t.deepEqual(givenBack([{ ...facts, weight }], ours('s1', [9])), {});
    const [change] = whatToRestore([stateOf({ ...facts, weight: 5 })], [rowOf(facts)], null).givenBack;
    t.deepEqual(change, { server: 's1', weight: 100, from: 5, isAway: true }, 'haweight restore cannot know');
  }
});

test('a server that the configuration keeps at 0 gets back what it was found with, unless it is kept out again', (t) => {
  const slot = { configuredWeight: 0 };
  for (const weight of [256, 0]) t.deepEqual(givenBack([{ ...slot, weight }], ours('s1', [weight], 1)), { s1: 1 });
  t.deepEqual(givenBack([{ ...slot, weight: 0 }], ours('s1', [256], 1)), {}, 'another writer took it out');
  const empty = { ...slot, weight: 0, maintenance: true, status: 'MAINT' };
  t.deepEqual(givenBack([empty], ours('s1', [0], 1)), {}, 'the slot is empty again');
  t.deepEqual(givenBack([{ ...slot, weight: 0 }], null), {}, 'kept out');
});

test('where nobody knows, such a server gets what the others have, where haweight has been at work', (t) => {
  const slot = { configuredWeight: 0, weight: 256 };
  const other = { server: 's2', configuredWeight: 4, weight: 200 };
  t.deepEqual(givenBack([slot, other], null), { s1: 4, s2: 4 });
  t.deepEqual(givenBack([slot, { ...other, weight: 4 }], null), {}, 'nobody has been at work');
  t.deepEqual(givenBack([slot], null), {}, 'no other to go by');
});

test('a server that we left at 0 and that is under agent-check since then gets its weight back; any other keeps it', (t) => {
  const checked = { agentCheck: true };
  t.deepEqual(givenBack([{ ...checked, weight: 0 }], ours('s1', [0])), { s1: 100 });
  t.deepEqual(givenBack([{ ...checked, weight: 0 }], new Map()), {});
  t.deepEqual(givenBack([{ ...checked, weight: 0 }], null), {});
  t.deepEqual(givenBack([{ ...checked, weight: 7 }], ours('s1', [7])), {});
});
