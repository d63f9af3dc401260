import { setImmediate as tick } from 'node:timers/promises';
import test from 'ava';
import { type Owner, Turns } from '../../../shared/net/turns.ts';
import { until } from '../../../testbed/rig/wait.ts';

const stranger: Owner = { address: '10.0.0.1', comesFirst: false, isGone: false };

/** A quarter of a core, 50 ms at once, and work that uses as much CPU as it says. */
function turns() {
  const clock = { nowMs: 0, cpuMs: 0 };
  const of = new Turns(
    { share: 0.25, burstMs: 50 },
    () => clock.cpuMs,
    () => clock.nowMs,
  );
  const done: string[] = [];
  const take = (name: string, usesMs: number, owner: Partial<Owner> = {}) =>
    of.take({ ...stranger, ...owner }, () => {
      done.push(name);
      clock.cpuMs += usesMs;
    });
  return { of, clock, done, take };
}

test('work is done at once until its share of a core is used up', async (t) => {
  const { of, done, take } = turns();
  for (let index = 1; index <= 5; index += 1) {
    take(`${index}`, 10);
    await tick();
  }
  take('6', 10);
  t.deepEqual(done, ['1', '2', '3', '4', '5']);
  t.is(of.waiting, 1);
});

test('what waits is done later, those that are known first, and one at least each 20 ms', async (t) => {
  const { of, done, take } = turns();
  take('large', 1_000);
  await tick();
  take('a', 10);
  take('b', 10);
  take('known', 10, { comesFirst: true });
  t.deepEqual(done, ['large']);
  await until('all are done', () => of.waiting === 0);
  t.deepEqual(done, ['large', 'known', 'a', 'b']);
});

test('one address after the other has a turn, however many connections each has', async (t) => {
  const { of, done, take } = turns();
  take('large', 1_000);
  await tick();
  for (const name of ['a1', 'a2', 'a3']) take(name, 10);
  take('b1', 10, { address: '10.0.0.2' });
  take('b2', 10, { address: '10.0.0.2' });
  take('c1', 10, { address: '10.0.0.3' });
  await until('all are done', () => of.waiting === 0);
  t.deepEqual(done, ['large', 'a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
});

test('an address that let all others have a turn since its last one comes before them', async (t) => {
  const { of, done, take } = turns();
  take('large', 1_000);
  await tick();
  for (const name of ['a1', 'a2', 'a3']) take(name, 30);
  const b = { address: '10.0.0.2' };
  of.take({ ...stranger, ...b }, () => {
    done.push('b1');
    take('b2', 30, b);
    take('c1', 30, { address: '10.0.0.3' });
  });
  await until('all are done', () => of.waiting === 0);
  t.deepEqual(done, ['large', 'a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
});

test('work of those that are gone is dropped', async (t) => {
  const { of, done, take } = turns();
  take('large', 1_000);
  await tick();
  take('gone', 10, { isGone: true });
  take('gone, too', 10, { address: '10.0.0.2', isGone: true });
  take('a', 10);
  await until('all are done', () => of.waiting === 0);
  t.deepEqual(done, ['large', 'a']);
});

test('a pause gives its share back, and a burst at most', async (t) => {
  const { clock, done, take } = turns();
  take('first', 50);
  await tick();
  clock.nowMs = 80;
  take('second', 20);
  await tick();
  t.deepEqual(done, ['first', 'second']);
  clock.nowMs = 3_600_000;
  for (let index = 1; index <= 5; index += 1) {
    take(`${index}`, 10);
    await tick();
  }
  take('6', 10);
  t.deepEqual(done.slice(2), ['1', '2', '3', '4', '5']);
});

test('what a piece of work does later in the same pass of the event loop is charged, too', async (t) => {
  const { of, clock, take } = turns();
  of.take(stranger, () => void Promise.resolve().then(() => process.nextTick(() => (clock.cpuMs += 60))));
  await tick();
  take('next', 1);
  t.is(of.waiting, 1);
});
