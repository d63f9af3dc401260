import test from 'ava';
import fc from 'fast-check';
import { Agenda } from '../../../testbed/simulator/agenda.ts';
import { JobHeap } from '../../../testbed/simulator/job-heap.ts';
import { Queue } from '../../../testbed/simulator/queue.ts';

test('events come in the order of their times, then of their slots, and each slot has one', (t) => {
  const change = fc.record({ slot: fc.nat(5), atMs: fc.oneof(fc.nat(4), fc.constant(Number.POSITIVE_INFINITY)) });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const agenda = new Agenda();
      const seen: [number, number][] = [];
      const slots = Array.from({ length: 6 }, (_, index) => {
        return agenda.slot((nowMs) => void seen.push([nowMs, index]));
      });
      const wanted = new Map<number, number>();
      for (const { slot, atMs } of changes) {
        agenda.set(slots[slot] ?? 0, atMs);
        wanted.set(slot, atMs);
      }
      const expected = [...wanted]
        .filter(([, atMs]) => atMs !== Number.POSITIVE_INFINITY)
        .map(([slot, atMs]): [number, number] => [atMs, slot])
        .sort(([atA, a], [atB, b]) => atA - atB || a - b);
      for (const _ of expected) void agenda.step();
      t.deepEqual(seen, expected);
      t.is(agenda.nextMs, Number.POSITIVE_INFINITY);
    }),
  );
});

test('an event may schedule its own successor', (t) => {
  const agenda = new Agenda();
  const seen: number[] = [];
  const slot = agenda.slot((nowMs) => {
    seen.push(nowMs);
    agenda.set(slot, nowMs + 10);
  });
  agenda.set(slot, 5);
  for (let event = 0; event < 3; event += 1) void agenda.step();
  t.deepEqual([seen, agenda.nowMs, agenda.nextMs], [[5, 15, 25], 25, 35]);
});

test('jobs come out in the order of their keys', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), (keys) => {
      const heap = new JobHeap<number>();
      for (const key of keys) heap.push(key, key);
      const out = keys.map(() => [heap.leastKey, heap.pop()]);
      t.deepEqual(
        out,
        keys.toSorted((a, b) => a - b).map((key) => [key, key]),
      );
      t.is(heap.pop(), undefined);
      t.is(heap.size, 0);
    }),
  );
});

test('a queue returns its items in order, also after it has dropped its first part', (t) => {
  const queue = new Queue<number>();
  for (let item = 0; item < 5_000; item += 1) queue.push(item);
  for (let item = 0; item < 4_000; item += 1) t.is(queue.shift(), item);
  t.is(queue.size, 1_000);
  t.deepEqual(
    [queue.first, queue.items().length, queue.drain().at(-1), queue.shift()],
    [4_000, 1_000, 4_999, undefined],
  );
});
