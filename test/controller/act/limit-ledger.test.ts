import test from 'ava';
import { LimitLedger, type WithLimit } from '../../../controller/act/limit-ledger.ts';

const seen = (limit: number | null): WithLimit[] => [{ server: 'a', limit }];

test('the limit that a server was found with is the configured one, also after ours', (t) => {
  const ledger = new LimitLedger();
  ledger.see(seen(50));
  ledger.sending(seen(4));
  t.deepEqual(ledger.see(seen(4)), []);
  t.is(ledger.configuredOf('a'), 50);
  t.deepEqual([...ledger.left], [['a', { limits: [4], giveBack: 50 }]]);
});

test('a write that was lost is no other writer', (t) => {
  const ledger = new LimitLedger();
  ledger.see(seen(null));
  ledger.sending(seen(4));
  t.deepEqual(ledger.see(seen(null)), []);
  ledger.sending(seen(5));
  ledger.sending(seen(6));
  t.deepEqual(ledger.see(seen(5)), [], 'the second of two was lost');
  t.false(ledger.isForeign('a'));
});

test("another writer's limit is said once, is not ours, and stays its own until HAProxy starts anew", (t) => {
  const ledger = new LimitLedger();
  ledger.otherProcess();
  ledger.see(seen(null));
  ledger.sending(seen(4));
  t.deepEqual(ledger.see(seen(77)), ['a']);
  t.deepEqual(ledger.see(seen(77)), []);
  t.true(ledger.isForeign('a'));
  t.is(ledger.left.size, 0);
  ledger.otherProcess();
  ledger.see(seen(77));
  t.false(ledger.isForeign('a'));
  t.is(ledger.configuredOf('a'), 77);
});

test('the configured limit back in its place is no longer another writer', (t) => {
  const ledger = new LimitLedger();
  ledger.see(seen(50));
  t.deepEqual(ledger.see(seen(7)), ['a']);
  ledger.see(seen(50));
  t.false(ledger.isForeign('a'));
});

test('what a killed controller left is ours, and the configured limit is the one that it noted', (t) => {
  const kept: unknown[] = [];
  const ledger = new LimitLedger(new Map([['a', { limits: [3, 4], giveBack: null }]]), (left) => kept.push([...left]));
  t.deepEqual(ledger.see(seen(4)), []);
  t.is(ledger.configuredOf('a'), null);
  t.deepEqual([...ledger.left], [['a', { limits: [4], giveBack: null }]]);
  ledger.clear();
  t.deepEqual(kept, [[]]);
});

test('a server that is gone is forgotten: another one may come under its name', (t) => {
  const ledger = new LimitLedger();
  ledger.see(seen(50));
  ledger.sending(seen(4));
  ledger.see([]);
  t.deepEqual(ledger.see(seen(8)), []);
  t.is(ledger.configuredOf('a'), 8);
});
