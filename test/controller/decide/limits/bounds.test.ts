import test from 'ava';
import { Backend, type Deed } from './support.ts';

const fullconn = 10_000;
const scaling: Deed = { limit: { configured: fullconn, fullconn } };
const weighed = (full: number, deed: Deed = scaling): Deed => ({ ...deed, order: { full, undrained: full } });

test('where maxconn is fullconn, a limit is a tenth more than the part by weight', (t) => {
  const backend = new Backend();
  backend.tick({ a: weighed(100), b: weighed(100), c: weighed(200) });
  t.deepEqual([backend.limit('a'), backend.limit('b'), backend.limit('c')], [2_750, 2_750, 5_500]);
  t.is(backend.why('a'), 'bound');
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
  backend.tick({ a: weighed(100), b: weighed(100) });
  const limits = backend.tick({ a: weighed(103), b: weighed(97) });
  t.deepEqual(
    [...limits.values()].map(({ write }) => write),
    [false, false],
  );
  const more = backend.tick({ a: weighed(110), b: weighed(90) });
  t.deepEqual(
    [...more.values()].map(({ write }) => write),
    [true, true],
  );
});

test('a server that ramps up has a part of its limit, and a silent one keeps it', (t) => {
  const backend = new Backend();
  const ramping: Deed = { ...scaling, fast: { breaker: 'closed', errorShare: 0, remainingMs: 0, ramp: 0.5 } };
  backend.tick({ a: weighed(100, ramping), b: weighed(100, { ...scaling, stale: true }), c: weighed(50) });
  t.deepEqual([backend.limit('a'), backend.limit('b'), backend.limit('c')], [2_750, 5_500, 2_750]);
});

for (const [what, deed, why] of [
  [
    'fails and is ejected',
    { ...scaling, fast: { breaker: 'open', errorShare: 1, remainingMs: 900, ramp: 1 } },
    'not-full-weight',
  ],
  ['has another maxconn', { limit: { configured: 40, fullconn } }, 'limits-differ'],
  ['is not ours and takes requests', { ...scaling, exclusion: 'agent-check', takesRequests: true }, 'another-open'],
] as const satisfies readonly (readonly [string, Deed, string])[]) {
  test(`while one server ${what} nobody is bound: it would get what the others may not`, (t) => {
    const backend = new Backend();
    backend.tick({ a: weighed(100), b: weighed(100) });
    t.is(backend.limit('a'), 5_500);
    backend.tick({ a: weighed(100), b: weighed(100, deed) });
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
