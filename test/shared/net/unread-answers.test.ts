import test from 'ava';
import { UnreadAnswers } from '../../../shared/net/unread-answers.ts';

test('a body that many wait for counts once, until the last has it', (t) => {
  const unread = new UnreadAnswers(100);
  const body = Buffer.alloc(80);
  const done = Array.from({ length: 1_000 }, () => unread.add(body, () => t.fail()));
  t.is(unread.bytes, 80);
  for (const each of done.slice(1)) each();
  t.is(unread.bytes, 80);
  done[0]?.();
  done[0]?.();
  t.is(unread.bytes, 0);
});

test('beyond the limit those who wait for the oldest are cut off', (t) => {
  const unread = new UnreadAnswers(100);
  const cut: string[] = [];
  const wait = (name: string, bytes: number) => unread.add(Buffer.alloc(bytes), () => cut.push(name));
  const old = Buffer.alloc(60);
  unread.add(old, () => cut.push('a1'));
  unread.add(old, () => cut.push('a2'));
  const released = wait('b', 40);
  t.deepEqual(cut, []);
  wait('c', 40);
  t.deepEqual(cut, ['a1', 'a2']);
  released();
  t.is(unread.bytes, 40);
});

test('one answer is always allowed, however large', (t) => {
  const unread = new UnreadAnswers(100);
  const cut: string[] = [];
  unread.add(Buffer.alloc(10), () => cut.push('small'));
  unread.add(Buffer.alloc(500), () => cut.push('large'));
  t.deepEqual(cut, ['small']);
});
