import test from 'ava';
import { Ledger, type LeftWeights, type Weighed } from '../../../controller/act/ledger.ts';
import type { Decision, Reason } from '../../../shared/contract/decision.ts';

const seen = (currentWeight: number, changes: Partial<Weighed> = {}): Weighed => ({
  ...{ server: 's1', currentWeight, configuredWeight: 100, exclusion: null },
  ...changes,
});
const scaled: Reason = { code: 'scaled', from: 1, to: 256 };
const decided = (weight: number, ...reasons: readonly Reason[]): Decision => ({
  ...{ server: 's1', weight, write: false, drained: false, load: null, delta: null },
  reasons: reasons.length > 0 ? reasons : [scaled],
});
const weightsOf = (ledger: Ledger) => ledger.left.get('s1')?.weights ?? null;

function written(weight: number): Ledger {
  const ledger = new Ledger();
  ledger.see([seen(100)]);
  ledger.sending([{ server: 's1', weight }], [seen(100)]);
  return ledger;
}

test('a weight is ours from when it is sent until another one is seen', (t) => {
  const ledger = written(256);
  ledger.see([seen(256)]);
  t.deepEqual(weightsOf(ledger), [256]);
  ledger.see([seen(50)]);
  t.is(weightsOf(ledger), null);
  ledger.see([seen(256)]);
  t.is(weightsOf(ledger), null, 'the same value, but from another writer');
});

test('a write may be lost, even one that was answered: both are possible until the next look tells', (t) => {
  for (const inForce of [0, 256]) {
    const ledger = written(256);
    ledger.sending([{ server: 's1', weight: 0 }], [seen(256)]);
    t.deepEqual(weightsOf(ledger), [256, 0]);
    ledger.see([seen(inForce)]);
    t.deepEqual(weightsOf(ledger), [inForce]);
  }
});

test('a row that cannot be read, or is missing for a while, changes nothing', (t) => {
  const ledger = written(256);
  ledger.see([seen(0, { exclusion: 'unreadable' })]);
  t.deepEqual(weightsOf(ledger), [256]);
  ledger.see([]);
  t.is(weightsOf(ledger), null);
  ledger.see([seen(256)]);
  t.deepEqual(weightsOf(ledger), [256]);
});

test('the socket leads to another HAProxy and back: what the first one has from us is ours still', (t) => {
  const ledger = written(256);
  ledger.otherProcess();
  ledger.see([seen(100)]);
  t.is(weightsOf(ledger), null);
  ledger.sending([{ server: 's1', weight: 200 }], [seen(100)]);
  ledger.see([seen(200)]);
  ledger.otherProcess();
  ledger.see([seen(256)]);
  t.deepEqual(ledger.left.get('s1'), { weights: [256], giveBack: 100 });
  ledger.see([seen(200)]);
  t.is(weightsOf(ledger), null, 'in the same process it is of another writer');
});

test('a server that is gone is not put back, nor one with another weight under its name', (t) => {
  const ledger = written(256);
  ledger.see([]);
  t.is(ledger.left.size, 0);
  ledger.see([seen(7)]);
  t.is(ledger.left.size, 0);
});

test('a weight of before that is what was decided is adopted; one that stays for another reason is not', (t) => {
  const adopts = (...reasons: readonly Reason[]) => {
    const ledger = new Ledger();
    ledger.see([seen(256)]);
    ledger.adopt([decided(256, ...reasons)], [seen(256)]);
    return weightsOf(ledger) !== null;
  };
  t.true(adopts());
  t.true(adopts(scaled, { code: 'kept', because: 'deadband', current: 256 }));
  t.false(adopts(scaled, { code: 'kept', because: 'patience', current: 256 }));
  t.false(adopts({ code: 'held', because: 'mostly-stale', detail: '' }));
  t.false(adopts({ code: 'contested', wanted: 9, waitTicks: 2 }));
});

test('never adopted: the configured weight, one out of rotation, and one that was changed since the start', (t) => {
  for (const first of [seen(100), seen(7, { exclusion: 'drain' }), seen(7, { exclusion: 'maintenance' })]) {
    const ledger = new Ledger();
    ledger.see([first]);
    ledger.adopt([decided(first.currentWeight)], [first]);
    t.is(weightsOf(ledger), null, JSON.stringify(first));
  }
  const changed = new Ledger();
  for (const weight of [256, 50, 256]) changed.see([seen(weight)]);
  changed.adopt([decided(256)], [seen(256)]);
  t.is(weightsOf(changed), null, 'an operator gave it this weight');
});

test('what is left is kept before it is sent, and nothing once it was given back', (t) => {
  const kept: (readonly [string, readonly number[], number])[][] = [];
  const keep = (left: LeftWeights) =>
    void kept.push([...left].map(([server, { weights, giveBack }]) => [server, weights, giveBack] as const));
  const ledger = new Ledger(new Map([['s2', { weights: [5], giveBack: 3 }]]), keep);
  ledger.sending([{ server: 's1', weight: 9 }], [seen(100)]);
  ledger.sending([], []);
  ledger.clear();
  t.deepEqual(kept, [
    [
      ['s2', [5], 3],
      ['s1', [9], 100],
    ],
    [],
  ]);
});
