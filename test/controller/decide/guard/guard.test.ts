import test from 'ava';
import { policyNamed } from '../../../../controller/decide/policies/registry.ts';
import type { Policy, PolicyInput } from '../../../../shared/contract/policy.ts';
import { Backend, reasonCodes } from '../../support/play.ts';

const four = { a: 100, b: 100, c: 100, d: 100 };
const busy = { utilisation: { cpu: 0.95 } };

test('starting changes nothing at once: equal servers at equal weights stay in proportion', (t) => {
  const backend = new Backend(four);
  backend.tick();
  t.deepEqual([...backend.weights.values()], [256, 256, 256, 256]);
});

test('starting from uneven weights moves a bounded step at a time', (t) => {
  const backend = new Backend({ a: 200, b: 100 });
  backend.tick();
  const ratio = backend.weight('a') / backend.weight('b');
  t.true(ratio < 2 && ratio > 2 * Math.exp(-0.7), String(ratio));
});

test("a policy's weight or capacity that is no number above 0 is held, and no server gets 0 for it", (t) => {
  const dynamics = { gain: 1, maxStep: 0.7, overload: 'guard' } as const;
  const says = (weight: number, capacity: number): Policy => {
    const verdict = { weight, capacity, load: null, delta: null, reasons: [{ code: 'equal' as const, factor: 1 }] };
    const decide = ({ observations }: PolicyInput) => ({
      verdicts: new Map(
        observations.map(({ server }) => [server, server === 'd' ? { ...verdict, weight: 1 } : verdict]),
      ),
      state: null,
    });
    return { name: 'broken', dynamics, initialState: null, decide };
  };
  for (const nonsense of [Number.NaN, Number.POSITIVE_INFINITY, -1, 0]) {
    for (const policy of [says(nonsense, 100), says(1, nonsense)]) {
      const backend = new Backend({ a: 256, b: 128, c: 256, d: 256 }, { policy, algorithm: 'random' });
      backend.ticks(5);
      t.deepEqual([...backend.weights.values()].slice(0, 3), [256, 128, 256], `${nonsense}`);
    }
  }
});

test('servers whose requests take no CPU that can be measured can carry those of a busy one', (t) => {
  const policy = policyNamed('equal');
  const backend = new Backend({ a: 100, b: 100, c: 100 }, { policy, algorithm: 'roundrobin' });
  const idle = { utilisation: { cpu: 0.001, bandwidth: 0 }, traffic: { ok: 30, errors: 0, clientErrors: 0 } };
  backend.ticks(3, { a: { ...idle, utilisation: { cpu: 0.3, bandwidth: 0 } }, b: idle, c: idle });
  const hot = { utilisation: { cpu: 0.95, bandwidth: 0 }, traffic: { ok: 20, errors: 0, clientErrors: 0 } };
  backend.ticks(12, { a: hot, b: idle, c: idle });
  t.is(backend.weight('a'), 0);
});

test('a stale server keeps its weight whatever the others do', (t) => {
  const backend = new Backend(four);
  backend.ticks(3);
  const before = backend.weight('a');
  backend.ticks(10, { a: { stale: true } });
  t.is(backend.weight('a'), before);
});

test('while another server is overloaded, a silent one keeps its part beside the healthy ones', (t) => {
  const backend = new Backend({ a: 100, b: 100, c: 100, d: 100, e: 100 }, { algorithm: 'random' });
  backend.ticks(20);
  const hot = { utilisation: { cpu: 0.78, ram: 0.78 } };
  backend.ticks(20, { a: hot, b: { stale: true } });
  t.true(backend.weight('a') < 0.7 * backend.weight('c'), `${backend.weight('a')} of ${backend.weight('c')}`);
  t.true(
    Math.abs(backend.weight('b') / backend.weight('c') - 1) <= 0.05,
    `${backend.weight('b')} of ${backend.weight('c')}`,
  );
});

test('a lone server with a fresh snapshot is still cut where it nears saturation', (t) => {
  const backend = new Backend({ a: 100, b: 100 }, { algorithm: 'random' });
  backend.ticks(5);
  backend.ticks(30, { a: { utilisation: { ram: 0.95 } }, b: { stale: true } });
  t.true(
    Math.abs(backend.weight('a') / backend.weight('b') - (1 - (0.5 * 0.15) / 0.2)) < 0.05,
    `${backend.weight('a')}`,
  );
});

test('nothing is written while more than half of the agents are silent', (t) => {
  const backend = new Backend({ a: 10, b: 100, c: 200 });
  const silent = backend.ticks(3, { a: { stale: true }, b: { stale: true }, c: busy });
  t.deepEqual([...backend.weights.values()], [10, 100, 200]);
  t.true(reasonCodes(silent.get('c')).includes('held'));
  backend.ticks(8, { a: { stale: true }, c: busy });
  t.notDeepEqual([...backend.weights.values()], [10, 100, 200], 'with half of them it goes on');
});

test('a server that answers errors is cut at once and forgiven slowly', (t) => {
  const backend = new Backend(four);
  backend.ticks(2);
  backend.tick({ a: { traffic: { ok: 0, errors: 100, clientErrors: 0 } } });
  t.true(backend.weight('a') < backend.weight('b') / 10, String(backend.weight('a')));
  backend.tick();
  t.true(backend.weight('a') < backend.weight('b') / 4, 'one good tick does not bring it back');
  backend.ticks(25);
  t.true(backend.weight('a') > backend.weight('b') * 0.85);
});

test('a server that was cut for its errors is not forgiven by a tick without a success', (t) => {
  const backend = new Backend({ a: 100, b: 100, c: 100 }, { algorithm: 'random' });
  backend.ticks(3);
  backend.ticks(4, { a: { traffic: { ok: 0, errors: 50, clientErrors: 0 } } });
  t.true(backend.weight('a') <= 26);
  for (const traffic of [
    { ok: 0, errors: 2, clientErrors: 0 },
    { ok: 0, errors: 0, clientErrors: 0 },
  ]) {
    t.true((backend.ticks(10, { a: { traffic } }).get('a')?.weight ?? 999) <= 26, 'tried with a little at most');
  }
  backend.ticks(20, { a: { traffic: { ok: 2, errors: 0, clientErrors: 0 } } });
  t.true(backend.weight('a') > 200);
});

test('a server that comes back into rotation starts with a part of its weight', (t) => {
  const backend = new Backend(four);
  backend.ticks(3);
  backend.tick({ a: { exclusion: 'down' } });
  const back = backend.tick();
  t.true((back.get('a')?.weight ?? 256) <= 256 * 0.51, 'a half after a short absence');
  t.true(reasonCodes(back.get('a')).includes('ramp'));
  backend.ticks(5);
  t.true(backend.weight('a') > 200);
});

test('a server that joins later starts by size and by a ramp, not at its configured weight', (t) => {
  const backend = new Backend({ a: 100, b: 100 });
  backend.ticks(3);
  backend.weights.set('new', 100);
  const joined = backend.tick({ new: { cores: 1 } }).get('new');
  t.true((joined?.weight ?? 256) <= 256 * 0.5 * 0.21, String(joined?.weight));
});

test('weight 0 that a killed controller left behind is lifted by a ramp', (t) => {
  const backend = new Backend({ a: 0, b: 100, c: 100 });
  backend.tick();
  t.true(backend.weight('a') > 0 && backend.weight('a') < backend.weight('b') / 2);
});

test('servers out of rotation are left alone', (t) => {
  const backend = new Backend(four);
  for (const exclusion of ['down', 'maintenance', 'drain', 'backup', 'configured-zero', 'agent-check'] as const) {
    const decision = backend.tick({ a: { exclusion, utilisation: { cpu: 0.99 } } }).get('a');
    t.false(decision?.write, exclusion);
    t.deepEqual(decision?.reasons, [{ code: 'excluded', exclusion }]);
  }
});

test('a difference within the deadband is not written', (t) => {
  const backend = new Backend({ a: 250, b: 256 });
  const decisions = backend.tick();
  t.deepEqual([...backend.weights.values()], [250, 256]);
  t.true(reasonCodes(decisions.get('a')).includes('kept'));
});

test('what a reload reset is written on the next tick, however short ago the last write was', (t) => {
  const quiet = { traffic: { ok: 0, errors: 0, clientErrors: 0 } };
  const backend = new Backend({ a: 100, b: 100 }, { algorithm: 'roundrobin' });
  backend.tick({ a: quiet, b: quiet });
  t.is(backend.weight('a'), 256);
  for (const server of ['a', 'b']) backend.weights.set(server, 100);
  backend.tick({ a: { traffic: null }, b: { traffic: null } });
  t.is(backend.weight('a'), 256);
});

test('under roundrobin weights stand for some requests before they change again', (t) => {
  const quiet = { traffic: { ok: 1, errors: 0, clientErrors: 0 } };
  const hot = { utilisation: { cpu: 0.7 }, traffic: { ok: 1, errors: 0, clientErrors: 0 } };
  const writes = (algorithm: string) => {
    const backend = new Backend({ a: 100, b: 100 }, { algorithm });
    let count = 0;
    for (let tick = 0; tick < 10; tick += 1) {
      if ([...backend.tick({ a: hot, b: quiet }).values()].some(({ write }) => write)) count += 1;
    }
    return count;
  };
  t.true(writes('roundrobin') < writes('leastconn'), `${writes('roundrobin')} ${writes('leastconn')}`);
});

test('a ramp does not wait for roundrobin to settle', (t) => {
  const quiet = { traffic: { ok: 0, errors: 0, clientErrors: 0 } };
  const all = { a: quiet, b: quiet };
  const backend = new Backend({ a: 100, b: 100 }, { algorithm: 'roundrobin' });
  backend.ticks(2, all);
  backend.tick({ a: { exclusion: 'drain' }, b: quiet });
  backend.tick(all);
  t.true(backend.weight('a') <= backend.weight('b') / 2, String(backend.weight('a')));
});

test('where every weight is 0 the configured ones are put back, whether agents answer or not', (t) => {
  for (const sketch of [{ stale: true }, { utilisation: { cpu: null } }, {}]) {
    const backend = new Backend({ a: 0, b: 0 });
    backend.tick({ a: sketch, b: sketch });
    t.true(backend.weight('a') > 0 && backend.weight('b') > 0, JSON.stringify(sketch));
  }
});

test('going to 0 does not wait for roundrobin to settle', (t) => {
  const quiet = { traffic: { ok: 0, errors: 0, clientErrors: 0 } };
  const idle = { utilisation: { cpu: 0.3 }, ...quiet };
  const backend = new Backend({ a: 100, b: 100, c: 100 }, { algorithm: 'roundrobin' });
  backend.tick({ a: idle, b: idle, c: idle });
  backend.ticks(4, { a: { ...busy, ...quiet }, b: idle, c: idle });
  t.is(backend.weight('a'), 0);
});

test('however far the policy wants to go, a step is at most a factor of e^0.7 (2.01) a tick', (t) => {
  const at = (load: number) => ({ utilisation: { cpu: load, ram: load, bandwidth: load, threads: load } });
  const backend = new Backend({ a: 256, b: 256, c: 256, d: 256, e: 256, f: 256 });
  const high = at(0.79);
  const decision = backend.tick({ a: at(0), b: high, c: high, d: high, e: high, f: high }).get('a');
  const step = decision?.reasons.find((reason) => reason.code === 'smoothed');
  t.is(step?.factor, Math.exp(0.7));
  t.true((step?.wanted ?? 0) > 10);
});

test('a server named like a property of every object is a server like any other', (t) => {
  const backend = new Backend({ constructor: 100, ['__proto__x']: 100, toString: 100 });
  backend.ticks(3);
  t.is(backend.weight('constructor'), 256);
});
