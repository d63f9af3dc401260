import test from 'ava';
import { Backend, type Deed, quiet } from './support.ts';

const both = (deed: Deed) => ({ a: deed, b: deed });

test('by Little, a quiet server with 0.5 requests in flight and 10 a second takes 50 ms for each', (t) => {
  const backend = new Backend();
  const limits = backend.ticks(30, both(quiet));
  const reason = limits.get('a')?.reason;
  t.is(reason?.code, 'proven');
  if (reason?.code === 'proven') t.is(Math.round(reason.unqueuedMs), 50);
  // 40/s x 50 ms = 2 at work, and a root of 2 for chance
  t.is(backend.limit('a'), 4);
});

test('a limit rests on a hundred answers of quiet ticks, at least', (t) => {
  const backend = new Backend();
  for (let ticks = 1; ticks <= 5; ticks += 1)
    t.is(backend.tick(both({ ...quiet, ok: 20 })) && backend.why('a'), 'unproven');
  backend.tick(both(quiet));
  t.is(backend.why('a'), 'proven');
});

for (const [what, deed] of [
  ['at 60 % of its CPU', { cpu: 0.6 }],
  ['at 60 % of its capacity', { ok: 48 }],
  ['that answers errors', { traffic: { ok: 18, errors: 2, clientErrors: 0 } }],
  ['with requests that wait in HAProxy', { queued: 1 }],
  ['that ramps up', { fast: { breaker: 'closed', errorShare: 0, remainingMs: 0, ramp: 0.5 } }],
  ['with a silent agent', { stale: true }],
  ['of unknown capacity', { order: { capacity: null } }],
] as const satisfies readonly (readonly [string, Deed])[]) {
  test(`a server ${what} says nothing of the time of a request that does not wait`, (t) => {
    const backend = new Backend();
    backend.ticks(100, both({ ...quiet, ...deed }));
    backend.tick(both(quiet));
    t.is(backend.why('a'), 'unproven');
  });
}

test('a long poll counts with all of its time: the limit has room for it', (t) => {
  const backend = new Backend();
  // ten polls that never end beside half a request at work
  backend.ticks(40, both({ ...quiet, inFlightMean: 10.5 }));
  t.true((backend.limit('a') ?? 0) > 40, String(backend.limit('a')));
});

test('a limit comes down by a fifth a tick, and goes up at once', (t) => {
  const backend = new Backend();
  backend.ticks(6, both(quiet));
  t.is(backend.limit('a'), 16);
  backend.tick(both(quiet));
  t.is(backend.limit('a'), 12);
  backend.ticks(30, both(quiet));
  t.is(backend.limit('a'), 4);
  // capacity four times as high
  backend.tick(both({ ...quiet, order: { capacity: 160 } }));
  t.is(backend.limit('a'), 11);
});

test('without proof for one server no server has a limit: that one would get what the others may not', (t) => {
  const backend = new Backend();
  backend.ticks(30, { a: quiet, b: { ...quiet, stale: true } });
  t.deepEqual([backend.why('a'), backend.why('b')], ['another-open', 'stale']);
  t.deepEqual([backend.limit('a'), backend.limit('b')], [null, null]);
});

test('a server at weight 0 needs no proof', (t) => {
  const backend = new Backend();
  backend.ticks(30, { a: quiet, b: { ...quiet, stale: true, currentWeight: 0 } });
  t.is(backend.why('a'), 'proven');
});

test('a server that is not ours and takes requests has no limit, so the others have none', (t) => {
  const backend = new Backend();
  backend.ticks(30, { a: quiet, b: { ...quiet, exclusion: 'agent-check', takesRequests: true } });
  t.is(backend.why('a'), 'another-open');
});

test("a server's cores are the least limit, and two", (t) => {
  const backend = new Backend();
  backend.ticks(60, both({ ...quiet, inFlightMean: 0.01, cores: 6 }));
  t.is(backend.limit('a'), 6);
  const small = new Backend();
  small.ticks(60, both({ ...quiet, inFlightMean: 0.01, cores: 0.1 }));
  t.is(small.limit('a'), 2);
});

test('ours is never above the configured one', (t) => {
  const backend = new Backend();
  for (let tick = 0; tick < 40; tick += 1) {
    backend.tick(both({ ...quiet, limit: { configured: 6 } }));
    t.true((backend.limit('a') ?? Number.POSITIVE_INFINITY) <= 6);
  }
  t.is(backend.limit('a'), 4);
  const low = new Backend();
  low.ticks(40, both({ ...quiet, limit: { configured: 3 } }));
  t.deepEqual([low.why('a'), low.limit('a')], ['configured-lower', 3]);
});

test('a look that found it wrong opens it, and twice as many answers prove the next', (t) => {
  const backend = new Backend();
  backend.ticks(30, both(quiet));
  backend.tick(both({ ...quiet, limit: { refuted: 'not-working' } }));
  t.deepEqual([backend.why('a'), backend.limit('a')], ['refuted', null]);
  for (let ticks = 1; ticks <= 10; ticks += 1) {
    backend.tick(both(quiet));
    t.is(backend.why('a'), 'refuted');
  }
  backend.tick(both(quiet));
  t.is(backend.why('a'), 'proven');
});

test('a limit that made a request fail is not proven again, however many answers there are', (t) => {
  const backend = new Backend();
  backend.ticks(30, both(quiet));
  backend.tick(both({ ...quiet, limit: { refuted: 'gave-up' } }));
  backend.ticks(2_000, both(quiet));
  t.deepEqual([backend.why('a'), backend.limit('a')], ['refuted', null]);
});

test('a server that was at its limit all the time and hardly worked has a wrong limit', (t) => {
  const backend = new Backend();
  backend.ticks(30, both(quiet));
  backend.tick(both({ ...quiet, cpu: 0.2, ok: 20, limit: { fullPart: 1 } }));
  t.is(backend.why('a'), 'refuted');
});

test('one that was at its limit for a burst, or became slow and is busy, has not', (t) => {
  const burst = new Backend();
  burst.ticks(30, both(quiet));
  burst.tick(both({ ...quiet, cpu: 0.7, ok: 56, limit: { fullPart: 0.15 } }));
  t.is(burst.why('a'), 'proven');
  const slow = new Backend();
  slow.ticks(30, both(quiet));
  slow.tick(both({ ...quiet, cpu: 1, ok: 20, limit: { fullPart: 1 } }));
  t.is(slow.why('a'), 'proven');
});

test('limits that opened while requests wait rise by steps, so that no server gets them all', (t) => {
  const backend = new Backend();
  backend.ticks(30, both(quiet));
  const wrong: Deed = { ...quiet, inFlightMean: 4, queued: 50, limit: { refuted: 'not-working' } };
  backend.tick(both(wrong));
  t.is(backend.limit('a'), 4 * 54);
  backend.tick(both({ ...quiet, inFlightMean: 54 }));
  t.is(backend.limit('a'), null);
});

test('observed limits are decided and not written', (t) => {
  const backend = new Backend();
  backend.mode = 'observe';
  const limits = backend.ticks(30, both(quiet));
  t.deepEqual([backend.limit('a'), limits.get('a')?.write], [4, false]);
  t.is(backend.now.size, 0);
});

test('where limits are off, and in tcp mode, there are none', (t) => {
  const off = new Backend();
  off.mode = 'off';
  t.is(off.ticks(30, both(quiet)).size, 0);
  const tcp = new Backend();
  const input = tcp.inputOf(both(quiet));
  const observations = input.observations.map(({ limit: _, ...rest }) => rest);
  t.true(observations.every((each) => !('limit' in each)));
});

test("another writer's limit is left alone", (t) => {
  const backend = new Backend();
  backend.ticks(30, both(quiet));
  backend.now.set('a', 77);
  const limits = backend.ticks(3, { a: { ...quiet, limit: { otherWriter: true } }, b: quiet });
  t.like(limits.get('a'), { limit: 77, write: false });
  t.is(backend.why('b'), 'another-open');
});
