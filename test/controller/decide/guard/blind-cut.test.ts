import test from 'ava';
import { Backend, reasonCodes } from '../../support/play.ts';

/* While agents are silent errors cut a server's weight all the same, and nothing else is written. */

const silent = { stale: true };
const failing = { ...silent, traffic: { ok: 0, errors: 100, clientErrors: 0 } };
const refusing = { ...silent, traffic: { ok: 100, errors: 0, clientErrors: 100 } };
const allSilent = { a: silent, b: silent, c: silent };
const weightsOf = (backend: Backend) => [...backend.weights.values()];

/** Three servers that were seen for a while; the weights of b and c are not round. */
function seen(algorithm = 'random'): Backend {
  const backend = new Backend({ a: 100, b: 100, c: 100 }, { algorithm });
  backend.ticks(20, { b: { utilisation: { cpu: 0.6 } } });
  return backend;
}

test('a failing server is cut at once, and let back to its weight as it recovers; the others keep theirs', (t) => {
  const backend = seen();
  const [a, ...others] = weightsOf(backend);
  const cut = backend.tick({ ...allSilent, a: failing }).get('a');
  t.true((cut?.weight ?? 256) < 0.15 * (a ?? 0), `${cut?.weight} of ${a}`);
  t.true(reasonCodes(cut).includes('ejected'));
  backend.ticks(5, { ...allSilent, a: failing });
  t.true(backend.weight('a') >= 1, 'it is never cut to 0');
  t.deepEqual(weightsOf(backend).slice(1), others);
  backend.ticks(75, allSilent);
  t.deepEqual(weightsOf(backend), [a, ...others]);
});

test('the same where no agent was ever seen, and with three of five silent', (t) => {
  const never = new Backend({ a: 100, b: 100, c: 50 }, { algorithm: 'roundrobin' });
  never.ticks(2, { ...allSilent, a: failing });
  t.true(never.weight('a') < 15, `${never.weight('a')}`);
  t.deepEqual(weightsOf(never).slice(1), [100, 50]);
  const most = new Backend({ a: 100, b: 100, c: 100, d: 100, e: 100 }, { algorithm: 'random' });
  most.ticks(20);
  const before = weightsOf(most);
  most.ticks(2, { ...allSilent, d: { ...failing, stale: false } });
  t.true(most.weight('d') < 0.1 * (before[3] ?? 0), `${most.weight('d')}`);
  t.deepEqual(most.weights.get('e'), before[4]);
});

test('weights too small for a cut are multiplied once, all by the same', (t) => {
  const backend = new Backend({ a: 1, b: 1, c: 2 }, { algorithm: 'roundrobin' });
  backend.ticks(3, { ...allSilent, a: failing });
  const [a = 0, b = 0, c = 0] = weightsOf(backend);
  t.is(c, 2 * b);
  t.true(a <= 0.05 * b, `${a}, ${b}`);
  backend.ticks(75, allSilent);
  t.deepEqual(weightsOf(backend), [b, b, c]);
});

test('what all have in common moves no weight', (t) => {
  const backend = seen();
  const before = weightsOf(backend);
  backend.ticks(5, { a: failing, b: failing, c: failing });
  t.deepEqual(weightsOf(backend), before);
});

for (const algorithm of ['random', 'leastconn']) {
  test(`${algorithm}: where more than half of the servers fail nothing is cut, and what was cut is let back`, (t) => {
    const backend = seen(algorithm);
    const before = weightsOf(backend);
    backend.ticks(3, { ...allSilent, a: failing });
    t.true(backend.weight('a') < 15, `${backend.weight('a')}`);
    backend.ticks(2, { ...allSilent, a: failing, b: failing });
    t.deepEqual(weightsOf(backend), before);
  });
}

test('a share of 4xx that stands out counts too', (t) => {
  const backend = seen();
  const before = backend.weight('a');
  backend.ticks(3, { ...allSilent, a: refusing });
  t.true(backend.weight('a') < 0.2 * before, `${backend.weight('a')}`);
});

test('a server that was cut before the agents fell silent is let back to what was learned of it', (t) => {
  const backend = seen();
  const before = backend.weight('a');
  backend.ticks(5, { a: { ...failing, stale: false } });
  const cut = backend.weight('a');
  t.is(backend.tick({ ...allSilent, a: failing }).get('a')?.weight, cut, 'silence alone does not move it');
  backend.ticks(75, allSilent);
  t.true(Math.abs(backend.weight('a') - before) <= 0.1 * before, `${backend.weight('a')} of ${before}`);
});

test('an operator gives another server a weight meanwhile: it stays; after a reload the cut is there again', (t) => {
  const backend = seen();
  backend.ticks(2, { ...allSilent, a: failing });
  backend.weights.set('b', 50);
  backend.ticks(3, { ...allSilent, a: failing });
  t.is(backend.weight('b'), 50);
  for (const name of ['a', 'b', 'c']) backend.weights.set(name, 100);
  backend.tick({ ...allSilent, a: failing });
  t.true(backend.weight('a') <= 15, `${backend.weight('a')}`);
  t.deepEqual(weightsOf(backend).slice(1), [100, 100]);
});

test('a weight 0 that is not ours stays, errors or not', (t) => {
  const backend = new Backend({ a: 0, b: 100, c: 100 });
  backend.ticks(20, { ...allSilent, a: failing });
  t.deepEqual(weightsOf(backend), [0, 100, 100]);
});

test('leastconn: it is ejected for a while, let back with little, and ejected for longer', (t) => {
  const backend = seen('leastconn');
  const before = weightsOf(backend);
  backend.ticks(2, { ...allSilent, a: failing });
  t.is(backend.weight('a'), 0);
  t.deepEqual(weightsOf(backend).slice(1), before.slice(1));
  const idle = { ...silent, traffic: { ok: 0, errors: 0, clientErrors: 0 } };
  let outFor = 1;
  for (; backend.tick({ ...allSilent, a: idle }).get('a')?.weight === 0; outFor += 1) t.true(outFor < 20);
  t.true(outFor >= 2, `${outFor} ticks of 2 s`);
  t.true(backend.weight('a') > 0 && backend.weight('a') < 0.2 * (before[0] ?? 0), `${backend.weight('a')}`);
  backend.ticks(75, allSilent);
  t.deepEqual(weightsOf(backend), before);
});

test("leastconn: beside weights 0 that are another's, the last one that serves is never ejected", (t) => {
  const backend = new Backend({ a: 0, b: 100 });
  for (let tick = 0; tick < 5; tick += 1) {
    backend.tick({ a: silent, b: failing });
    t.true(backend.weight('b') > 0, `tick ${tick}`);
  }
});

test('leastconn: with a drained server, the last one that serves is never ejected, nor more than half of all', (t) => {
  for (const names of [
    ['a', 'b'],
    ['a', 'b', 'c', 'd'],
  ]) {
    const backend = new Backend(Object.fromEntries(names.map((name) => [name, 100])));
    const easy = { utilisation: { cpu: 0.2, ram: 0.2 } };
    const all = (sketch: object) => Object.fromEntries(names.map((name) => [name, sketch]));
    backend.ticks(12, { ...all(easy), a: { utilisation: { cpu: 0.95 } } });
    t.is(backend.weight('a'), 0, 'drained');
    const bad = names.slice(1, 3).map((name) => [name, failing] as const);
    for (let tick = 0; tick < 10; tick += 1) {
      backend.tick({ ...all(silent), ...Object.fromEntries(bad) });
      const out = weightsOf(backend).filter((weight) => weight === 0).length;
      t.true(out <= names.length / 2, `${weightsOf(backend)} in silent tick ${tick}`);
    }
  }
});

test('leastconn: ejected before the agents fell silent, it comes back in its time, not later', (t) => {
  const backend = seen('leastconn');
  const before = backend.weight('a');
  backend.ticks(2, { a: { ...failing, stale: false } });
  t.is(backend.weight('a'), 0);
  const idle = { ...silent, traffic: { ok: 0, errors: 0, clientErrors: 0 } };
  backend.ticks(11, { ...allSilent, a: idle });
  t.true(backend.weight('a') > 0);
  backend.ticks(75, allSilent);
  t.true(Math.abs(backend.weight('a') - before) <= 0.1 * before, `${backend.weight('a')} of ${before}`);
});

test('agents that are back find a server that was cut as if they had never been away', (t) => {
  const [blind, sighted] = [seen(), seen()];
  blind.ticks(5, { ...allSilent, a: failing });
  sighted.ticks(5, { a: { ...failing, stale: false } });
  for (const backend of [blind, sighted]) backend.ticks(20);
  const [there, here] = [weightsOf(sighted), weightsOf(blind)];
  for (const [index, weight] of here.entries())
    t.true(Math.abs(weight - (there[index] ?? 0)) <= 8, `${here}; ${there}`);
});
