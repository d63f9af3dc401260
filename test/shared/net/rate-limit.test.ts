import test from 'ava';
import { RateLimiter } from '../../../shared/net/rate-limit.ts';

/** Ten a second, twenty at once, two seconds of silence, five addresses, and a clock that the test sets. */
function limiter() {
  const clock = { nowMs: 0 };
  const of = new RateLimiter({ perSecond: 10, burst: 20, deafMs: 2_000, addresses: 5 }, () => clock.nowMs);
  const answered = (count: number, address = 'a') =>
    Array.from({ length: count }, () => of.take(address)).filter((wait) => wait === null).length;
  return { of, clock, answered };
}

test('a burst is answered, and the next request is told how long to wait', (t) => {
  const { of, answered } = limiter();
  t.is(answered(20), 20);
  t.is(of.take('a'), 2);
  t.is(answered(20, 'b'), 20, 'another address has its own');
});

test('the time to wait is the same at whatever fraction of a millisecond', (t) => {
  for (let index = 0; index < 100; index += 1) {
    const { of, clock, answered } = limiter();
    clock.nowMs = index * 0.7;
    answered(20);
    t.is(of.take('a'), 2, `${clock.nowMs}`);
  }
});

test('an address that keeps to its rate is answered for ever', (t) => {
  const { clock, answered } = limiter();
  answered(20);
  for (let second = 1; second <= 100; second += 1) {
    clock.nowMs = second * 1_000;
    t.is(answered(10), 10);
  }
});

test('a pause gives one burst back, and no more', (t) => {
  const { clock, answered } = limiter();
  answered(20);
  clock.nowMs = 3_600_000;
  t.is(answered(100), 20);
});

test('after its first excess nothing of an address is heard until the time that it was told', (t) => {
  const { of, clock, answered } = limiter();
  t.is(answered(1_000), 20);
  clock.nowMs = 1_999;
  t.is(of.take('a'), 1);
  clock.nowMs = 2_000;
  t.is(answered(1_000), 20, 'what it sent meanwhile cost nothing');
});

test('addresses are remembered up to a number, and the one silent longest is forgotten', (t) => {
  const { of, answered } = limiter();
  answered(21, 'hog');
  for (let index = 0; index < 1_000; index += 1) {
    of.take(`address ${index}`);
    t.not(of.take('hog'), null, 'an address that goes on asking is not forgotten');
  }
  t.is(of.remembered, 5);
});
