import test from 'ava';
import { equal } from '../../../../controller/decide/policies/equal.ts';
import { Backend, reasonCodes } from '../../support/play.ts';

const busy = { cpu: 0.6 };
const steady = { algorithm: 'random', policy: equal } as const;

test('RAM at rest on a server that cannot be drained: when the cut has not moved it in 20 s, the cut ends', (t) => {
  const backend = new Backend({ a: 100, b: 100 }, steady);
  const pair = { a: { utilisation: { ...busy, ram: 0.95 } }, b: { utilisation: busy } };
  const cut = backend.ticks(10, pair).get('a');
  t.true(reasonCodes(cut).includes('drain-refused'));
  t.true(backend.weight('a') < 170, `${backend.weight('a')}`);
  const last = backend.ticks(40, pair).get('a');
  t.is(backend.weight('a'), 256);
  t.true(reasonCodes(last).includes('not-cut'));
  t.true(reasonCodes(last).includes('drain-refused'), 'it still is to be drained');
});

test('it is drained as soon as the others can carry its work, and 20 s without traffic decide anew', (t) => {
  const backend = new Backend({ a: 100, b: 100 }, steady);
  const a = { utilisation: { ...busy, ram: 0.95 } };
  backend.ticks(50, { a, b: { utilisation: busy } });
  const few = { traffic: { ok: 17, errors: 0, clientErrors: 0 } };
  const easy = { a: { utilisation: { cpu: 0.1, ram: 0.95 }, ...few }, b: { utilisation: { cpu: 0.1 }, ...few } };
  backend.ticks(3, easy);
  t.is(backend.weight('a'), 0);
  const idle = { ...easy, a: { ...easy.a, traffic: { ok: 0, errors: 0, clientErrors: 0 } } };
  backend.ticks(9, idle);
  t.is(backend.weight('a'), 0);
  t.true(reasonCodes(backend.tick(idle).get('a')).includes('set-aside'));
});

test('RAM that rises by 5 points is cut for again', (t) => {
  const backend = new Backend({ a: 100, b: 100 }, steady);
  const at = (ram: number) => ({ a: { utilisation: { ...busy, ram } }, b: { utilisation: busy } });
  backend.ticks(50, at(0.92));
  t.is(backend.weight('a'), 256);
  backend.ticks(8, at(0.98));
  t.true(backend.weight('a') < 150, `${backend.weight('a')}`);
});

test('RAM that follows the weight stays cut, and the weight stands still', (t) => {
  const backend = new Backend({ a: 100, b: 100 }, steady);
  let ram = 0.95;
  const tick = () => {
    // memory comes and goes with the requests of some ticks
    ram += 0.2 * (0.55 + 0.4 * (backend.weight('a') / backend.weight('b')) - ram);
    backend.tick({ a: { utilisation: { ...busy, ram } }, b: { utilisation: busy } });
    return backend.weight('a');
  };
  for (let each = 0; each < 60; each += 1) tick();
  const later = Array.from({ length: 100 }, tick);
  const [least, most] = [Math.min(...later), Math.max(...later)];
  t.true(most < 220, `${most}`);
  t.true(most - least < 30, `${least} to ${most}`);
});

test('where all servers have much RAM at rest, but not the same, none is starved', (t) => {
  const backend = new Backend({ a: 100, b: 100, c: 100, d: 100 }, steady);
  const of = (ram: number) => ({ utilisation: { cpu: 0.5, ram } });
  const fleet = { a: of(0.85), b: of(0.9), c: of(0.95), d: of(0.98) };
  const ratio = () => {
    const weights = [...backend.weights.values()];
    return Math.max(...weights) / Math.min(...weights);
  };
  backend.ticks(12, fleet);
  t.true(ratio() < 1.5, `what they have in common does not cut: ${ratio()}`);
  backend.ticks(60, fleet);
  t.true(ratio() < 1.5, `${ratio()}`);
});

test('the weight is cut for good where it is not known whether the others can carry the work', (t) => {
  const backend = new Backend({ a: 100, b: 100 }, steady);
  backend.ticks(60, { a: { utilisation: { ram: 0.95 } }, b: { stale: true } });
  t.true(backend.weight('a') < 170);
});
