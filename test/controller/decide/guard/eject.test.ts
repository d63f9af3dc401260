import test from 'ava';
import { capacity } from '../../../../controller/decide/policies/capacity.ts';
import { inverseLoad } from '../../../../controller/decide/policies/inverse-load.ts';
import { Backend, reasonCodes } from '../../support/play.ts';

const even = { a: 100, b: 100, c: 100, d: 100 };
const failing = { traffic: { ok: 0, errors: 50, clientErrors: 0 } };
const silent = { traffic: { ok: 0, errors: 0, clientErrors: 0 } };

for (const policy of [inverseLoad, capacity()]) {
  test(`${policy.name}: under leastconn a server that fails fast gets weight 0, for 20 s the first time`, (t) => {
    const backend = new Backend(even, { policy, algorithm: 'leastconn' });
    backend.ticks(3);
    const first = backend.tick({ a: failing }).get('a');
    t.is(first?.weight, 0);
    t.true(first?.drained);
    t.true(reasonCodes(first).includes('ejected'));
    for (let tick = 1; tick < 10; tick += 1) t.is(backend.tick({ a: silent }).get('a')?.weight, 0, `tick ${tick}`);
    const back = backend.tick({ a: silent }).get('a');
    t.true((back?.weight ?? 0) > 0 && (back?.weight ?? 0) < 60, `it comes back by a ramp: ${back?.weight}`);
  });
}

for (const algorithm of ['roundrobin', 'random', 'unknown', null]) {
  test(`under ${algorithm} a low weight is enough`, (t) => {
    const backend = new Backend(even, { algorithm });
    backend.ticks(3);
    const decision = backend.ticks(3, { a: failing }).get('a');
    t.true((decision?.weight ?? 0) > 0 && (decision?.weight ?? 0) < 10, `${decision?.weight}`);
  });
}

test('each time in a row twice as long, up to five minutes', (t) => {
  const backend = new Backend(even, { algorithm: 'leastconn' });
  backend.ticks(3);
  const lengths: number[] = [];
  for (let time = 0; time < 6; time += 1) {
    let ticks = 0;
    for (let decision = backend.tick({ a: failing }); decision.get('a')?.weight === 0; ticks += 1) {
      decision = backend.tick({ a: silent });
    }
    lengths.push(ticks * 2);
  }
  t.deepEqual(lengths, [20, 40, 80, 160, 300, 300]);
});

test('five minutes without one, and the next ejection is as short as the first', (t) => {
  const backend = new Backend(even, { algorithm: 'leastconn' });
  backend.ticks(3);
  backend.tick({ a: failing });
  backend.ticks(10, { a: silent });
  backend.ticks(151);
  const again = backend
    .tick({ a: failing })
    .get('a')
    ?.reasons.find(({ code }) => code === 'ejected');
  t.is(again?.code === 'ejected' ? again.remainingMs : null, 20_000);
});

test('few errors, or few among many successes, eject no server', (t) => {
  for (const traffic of [
    { ok: 0, errors: 9, clientErrors: 0 },
    { ok: 60, errors: 40, clientErrors: 0 },
  ]) {
    const backend = new Backend(even, { algorithm: 'leastconn' });
    backend.ticks(3);
    t.true((backend.ticks(5, { a: { traffic } }).get('a')?.weight ?? 0) > 0);
  }
});

test('never more than half of the capacity, and never the last server', (t) => {
  const backend = new Backend(even, { algorithm: 'leastconn' });
  backend.ticks(3);
  const all = backend.tick({ a: failing, b: failing, c: failing });
  t.deepEqual(
    [...all.values()].map(({ weight }) => weight > 0),
    [false, false, true, true],
  );
  t.true(reasonCodes(all.get('c')).includes('ejection-refused'));
  const alone = new Backend({ a: 100 }, { algorithm: 'leastconn' });
  alone.ticks(3);
  const only = alone.tick({ a: failing }).get('a');
  t.true((only?.weight ?? 0) > 0);
  const refused = only?.reasons.find(({ code }) => code === 'ejection-refused');
  t.is(refused?.code === 'ejection-refused' ? refused.because : null, 'last-server');
});

test('nothing is learned of a server while it is ejected: idle, it looks larger than it is', (t) => {
  const backend = new Backend(even, { algorithm: 'leastconn' });
  backend.ticks(20);
  const idle = { ...silent, utilisation: { cpu: 0.01, ram: 0.1 } };
  backend.tick({ a: failing });
  backend.ticks(9, { a: idle });
  // back, forgiven and ramped up: equal to the others, as it was
  const back = backend.ticks(1, { a: idle });
  t.true((back.get('a')?.weight ?? 999) < 100, `${back.get('a')?.weight}`);
  backend.ticks(4);
  const later = backend.tick();
  t.true((later.get('a')?.weight ?? 999) <= (later.get('b')?.weight ?? 0), `${later.get('a')?.weight}`);
});

test('an ejection is lifted when the others go out of rotation', (t) => {
  const backend = new Backend(even, { algorithm: 'leastconn' });
  backend.ticks(3);
  backend.tick({ a: failing });
  const down = { exclusion: 'down' } as const;
  t.true((backend.tick({ a: silent, b: down, c: down, d: down }).get('a')?.weight ?? 0) > 0);
});

test('no server is ejected where all fail: what they share is down', (t) => {
  const backend = new Backend(even, { algorithm: 'leastconn' });
  backend.ticks(3);
  const all = { a: failing, b: failing, c: failing, d: failing };
  for (let tick = 0; tick < 20; tick += 1) {
    const decisions = backend.tick(all);
    t.deepEqual([...backend.weights.values()], [256, 256, 256, 256], `tick ${tick}`);
    t.true(reasonCodes(decisions.get('a')).includes('ejection-refused'));
  }
});

test('an ejected server is back as soon as the others mostly answer errors too', (t) => {
  const backend = new Backend(even, { algorithm: 'leastconn' });
  backend.ticks(3);
  t.is(backend.tick({ a: failing }).get('a')?.weight, 0);
  const decision = backend.tick({ a: silent, b: failing, c: failing, d: failing }).get('a');
  t.true((decision?.weight ?? 0) > 0, `${decision?.weight}`);
});

test('drains and ejections together leave half of the capacity', (t) => {
  const backend = new Backend(even, { algorithm: 'leastconn' });
  backend.ticks(3);
  const calmly = { utilisation: { cpu: 0.2 } };
  const hot = { utilisation: { cpu: 1 } };
  backend.ticks(6, { a: hot, b: hot, c: calmly, d: calmly });
  t.deepEqual([backend.weight('a'), backend.weight('b')], [0, 0]);
  backend.tick({ a: hot, b: hot, c: { ...calmly, ...failing }, d: calmly });
  t.is(backend.weight('c'), 0);
  t.is([...backend.weights.values()].filter((weight) => weight === 0).length, 2);
});
