import test from 'ava';
import { equal } from '../../../../controller/decide/policies/equal.ts';
import type { ServerSketch } from '../../support/build.ts';
import { Backend, reasonCodes } from '../../support/play.ts';

/*
 * Machine A has one agent and the servers a1 to a4, of a quarter of its cores each. Machine B has as many cores and one server.
 */

const onA = ['a1', 'a2', 'a3', 'a4'];
const nothing = { ok: 0, errors: 0, clientErrors: 0 };

function fleet(more: readonly string[] = []): Backend {
  const servers = [...onA, 'b1', ...more];
  return new Backend(Object.fromEntries(servers.map((name) => [name, 100])), { algorithm: 'random', policy: equal });
}

function sketches(
  backend: Backend,
  a: NonNullable<ServerSketch['utilisation']>,
  others: Readonly<Record<string, ServerSketch>> = {},
): Record<string, ServerSketch> {
  const of = (name: string): ServerSketch => ({
    utilisation: a,
    cores: 1,
    machine: 'A',
    agentUrl: 'http://192.0.2.1:9477/',
    ...(backend.weight(name) === 0 ? { traffic: nothing } : {}),
  });
  const all = onA.map((name) => [name, { ...of(name), ...others[name] }]);
  return { b1: { utilisation: { cpu: 0.1 }, cores: 4 }, ...others, ...Object.fromEntries(all) };
}

function play(
  backend: Backend,
  count: number,
  a: NonNullable<ServerSketch['utilisation']>,
  others: Readonly<Record<string, ServerSketch>> = {},
) {
  let last = backend.tick(sketches(backend, a, others));
  for (let tick = 1; tick < count; tick += 1) last = backend.tick(sketches(backend, a, others));
  return last;
}

function weightsOfA(backend: Backend): number[] {
  return onA.map((name) => backend.weight(name));
}

test('all servers that one agent measures are drained together, and return together', (t) => {
  const backend = fleet();
  play(backend, 2, { cpu: 0.95 });
  t.deepEqual(weightsOfA(backend), [0, 0, 0, 0]);
  t.true(backend.weight('b1') > 0);
  for (let tick = 0; tick < 10; tick += 1) {
    const decisions = play(backend, 1, { cpu: 0.1 });
    const drained = onA.map((name) => decisions.get(name)?.drained);
    t.is(new Set(drained).size, 1, String(drained));
  }
  t.is(new Set(weightsOfA(backend)).size, 1);
  t.true(backend.weight('a1') > 0);
});

test('at most half of the machines: of three, one is drained though it has most of the servers', (t) => {
  const backend = fleet(['c1']);
  const busy = { utilisation: { cpu: 0.95 }, cores: 4 };
  play(backend, 10, { cpu: 0.99 }, { b1: busy, c1: { utilisation: { cpu: 0.05 }, cores: 4 } });
  t.deepEqual(weightsOfA(backend), [0, 0, 0, 0]);
  t.true(backend.weight('b1') > 0);
});

test('the last machine is not drained, whatever the number of its servers, and its servers say why', (t) => {
  const backend = new Backend({ a1: 100, a2: 100 }, { algorithm: 'random', policy: equal });
  const hot = { utilisation: { cpu: 0.95 }, agentUrl: 'http://192.0.2.1:9477/' };
  const last = backend.ticks(6, { a1: hot, a2: hot });
  for (const name of ['a1', 'a2']) {
    t.true(backend.weight(name) > 0);
    const refusal = last.get(name)?.reasons.find(({ code }) => code === 'drain-refused');
    t.like(refusal, { because: 'last-server', detail: 'every server in rotation has the same agent' });
  }
});

test('a machine is not drained where the others could not carry the work of all of its servers', (t) => {
  const backend = fleet();
  const last = play(backend, 6, { cpu: 0.95 }, { b1: { utilisation: { cpu: 0.3 }, cores: 4 } });
  t.true(weightsOfA(backend).every((weight) => weight > 0));
  t.true(onA.every((name) => reasonCodes(last.get(name)).includes('drain-refused')));
});

test('servers on one machine with agents of their own are drained one by one, as on machines of their own', (t) => {
  const backend = new Backend({ a: 100, b: 100, c: 100, d: 100 }, { algorithm: 'random', policy: equal });
  const hot = { machine: 'A', utilisation: { cpu: 0.95 } };
  const calm = { machine: 'A', utilisation: { cpu: 0.1 } };
  backend.ticks(6, { a: hot, b: calm, c: calm, d: calm });
  t.deepEqual([...backend.weights.values()], [0, 256, 256, 256]);
});

test('servers on one machine with agents of their own count as one machine: of three, all of its servers are drained', (t) => {
  const names = [...onA, 'b1', 'c1'];
  const weights = Object.fromEntries(names.map((name) => [name, 100]));
  const backend = new Backend(weights, { algorithm: 'random', policy: equal });
  const hot = onA.map((name, index) => [name, { machine: 'A', cores: 1, utilisation: { ram: 0.9 + index / 1_000 } }]);
  const big = { cores: 4, utilisation: { cpu: 0.1 } };
  backend.ticks(6, { ...Object.fromEntries(hot), b1: big, c1: big });
  t.deepEqual(weightsOfA(backend), [0, 0, 0, 0]);
});

test('a server without the address of an agent is judged alone', (t) => {
  const backend = new Backend({ a: 100, b: 100, c: 100 }, { algorithm: 'random', policy: equal });
  const of = (cpu: number) => ({ machine: '', agentUrl: '', utilisation: { cpu } });
  backend.ticks(6, { a: of(0.95), b: of(0.1), c: of(0.1) });
  t.deepEqual([...backend.weights.values()], [0, 256, 256]);
});

test('a machine at rest: its 20 s run while none of its servers has requests', (t) => {
  const backend = fleet();
  play(backend, 3, { ram: 0.95 });
  t.deepEqual(weightsOfA(backend), [0, 0, 0, 0]);
  const sticky = { a3: { inFlight: 1, utilisation: { ram: 0.95 }, agentUrl: 'http://192.0.2.1:9477/', cores: 1 } };
  play(backend, 30, { ram: 0.95 }, sticky);
  t.deepEqual(weightsOfA(backend), [0, 0, 0, 0]);
  play(backend, 15, { ram: 0.95 });
  t.true(weightsOfA(backend).every((weight) => weight > 0));
});

test('a server that joins a machine does not get it drained once more for what is set aside, and is not cut for it', (t) => {
  const backend = fleet();
  const away = { a4: { exclusion: 'down' } as const };
  play(backend, 25, { ram: 0.95 }, away);
  t.true(backend.weight('a1') > 0);
  const last = play(backend, 20, { ram: 0.95 });
  t.true(weightsOfA(backend).every((weight) => weight === backend.weight('a1')));
  t.true(reasonCodes(last.get('a4')).includes('set-aside'));
  t.false(reasonCodes(last.get('a4')).includes('graded'));
});

test('a server that joins a drained machine is drained with it', (t) => {
  const backend = fleet();
  play(backend, 4, { cpu: 0.95 }, { a4: { exclusion: 'down' } });
  t.is(backend.weight('a1'), 0);
  play(backend, 1, { cpu: 0.95 });
  t.deepEqual(weightsOfA(backend), [0, 0, 0, 0]);
});

test('a server of the machine whose agent did not answer it is judged alone: silence drains no server', (t) => {
  const backend = fleet(['c1']);
  play(backend, 6, { cpu: 0.95 }, { a4: { stale: true }, c1: { utilisation: { cpu: 0.1 }, cores: 4 } });
  t.is(backend.weight('a1'), 0);
  t.true(backend.weight('a4') > 0);
});
