import test from 'ava';
import { Backend, type Deed } from './support.ts';

const fullconn = 10_000;
const scaling: Deed = { limit: { configured: fullconn, fullconn } };
/** Two servers beside those of a test. */
const others = () => ({ y: weighed(100), z: weighed(100) });
const weighed = (full: number, deed: Deed = scaling): Deed => ({ ...deed, order: { full, undrained: full } });

test('where maxconn is fullconn, the others have room for what the largest one gets, and a twentieth more', (t) => {
  const backend = new Backend();
  backend.tick({ a: weighed(100), b: weighed(100), c: weighed(100), d: weighed(200) });
  // 0.2 and 0.4 of what is in flight, times 1.05 / 0.6
  t.deepEqual(
    ['a', 'b', 'c', 'd'].map((server) => backend.limit(server)),
    [3_500, 3_500, 3_500, 7_000],
  );
  t.like(backend.last.get('a')?.reason, { code: 'bound', part: 0.2, times: 1.05 / 0.6 });
  t.true(3 * 3_500 >= fullconn);
});

test('of many servers each has a tenth more than its part', (t) => {
  const backend = new Backend();
  backend.tick(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`s${index}`, weighed(100)])));
  t.is(backend.limit('s7'), 220);
});

test('of two servers neither is bound: the other could not do the work of both', (t) => {
  const backend = new Backend();
  backend.tick({ a: weighed(100), b: weighed(100) });
  t.is(backend.limit('a'), fullconn);
});

test('a limit of fullconn is no part but all: it is never above', (t) => {
  const backend = new Backend();
  backend.tick({ a: weighed(100) });
  t.is(backend.limit('a'), fullconn);
});

test('a limit is never so low that HAProxy would take it for one without minconn', (t) => {
  const backend = new Backend();
  backend.tick({ a: weighed(1), b: weighed(256), c: weighed(256) });
  t.is(backend.limit('a'), 100);
});

test('a difference of less than a twentieth is not written', (t) => {
  const backend = new Backend();
  backend.tick({ a: weighed(100), b: weighed(100), ...others() });
  const limits = backend.tick({ a: weighed(101), b: weighed(99), ...others() });
  t.false([...limits.values()].some(({ write }) => write));
  const more = backend.tick({ a: weighed(120), b: weighed(80), ...others() });
  t.deepEqual([more.get('a')?.write, more.get('b')?.write], [true, true]);
});

test('a server that ramps up has a part of its limit, and a silent one keeps it', (t) => {
  const backend = new Backend();
  const ramping: Deed = { ...scaling, fast: { breaker: 'closed', errorShare: 0, remainingMs: 0, ramp: 0.5 } };
  const silent = weighed(100, { ...scaling, stale: true });
  backend.tick({ a: weighed(100, ramping), b: silent, c: weighed(50), ...others() });
  // weights 50, 100, 50, 100, 100; a quarter is the largest part
  t.deepEqual([backend.limit('a'), backend.limit('b'), backend.limit('c')], [1_750, 3_500, 1_750]);
});

for (const [what, deed, why] of [
  [
    'fails and is ejected',
    { ...scaling, fast: { breaker: 'open', errorShare: 1, remainingMs: 900, ramp: 1 } },
    'failing',
  ],
  ['answered an error since the last tick', { limit: { ...scaling.limit, suspended: true } }, 'failing'],
  ['has another maxconn', { limit: { configured: 40, fullconn } }, 'limits-differ'],
  ['is not ours and takes requests', { ...scaling, exclusion: 'agent-check', takesRequests: true }, 'another-open'],
] as const satisfies readonly (readonly [string, Deed, string])[]) {
  test(`while one server ${what} nobody is bound: it would get what the others may not`, (t) => {
    const backend = new Backend();
    backend.tick({ a: weighed(100), b: weighed(100), ...others() });
    t.is(backend.limit('a'), 3_500);
    backend.tick({ a: weighed(100), b: weighed(100, deed), ...others() });
    t.deepEqual([backend.why('a'), backend.limit('a')], [why, fullconn]);
  });
}

test('limits that a look found wrong are off for ten minutes, then twice as long', (t) => {
  const backend = new Backend();
  const wrong = weighed(100, { limit: { ...scaling.limit, refuted: 'bound-to-it' } });
  for (const minutes of [10, 20]) {
    backend.tick({ a: wrong, b: weighed(100) });
    t.deepEqual([backend.why('b'), backend.limit('b')], ['refuted', fullconn]);
    backend.tick({ a: weighed(100), b: weighed(100) }, minutes * 60_000 - 1);
    t.is(backend.why('b'), 'refuted');
    backend.tick({ a: weighed(100), b: weighed(100) }, 1);
    t.is(backend.why('b'), 'bound');
  }
});

test('a small fullconn is an ordinary limit, and no sign of one that scales', (t) => {
  const backend = new Backend();
  backend.tick({ a: weighed(100, { limit: { configured: 200, fullconn: 200 } }) });
  t.is(backend.why('a'), 'unproven');
});
