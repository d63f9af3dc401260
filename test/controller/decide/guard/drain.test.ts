import test from 'ava';
import fc from 'fast-check';
import { equal } from '../../../../controller/decide/policies/equal.ts';
import type { Decision } from '../../../../shared/contract/decision.ts';
import type { ServerSketch } from '../../support/build.ts';
import { Backend, reasonCodes } from '../../support/play.ts';

const four = { a: 100, b: 100, c: 100, d: 100 };
const busy = { utilisation: { cpu: 0.95 } };
const easy = { utilisation: { cpu: 0.3 } };
const easyAll = { a: easy, b: easy, c: easy, d: easy };

test('a server over its threshold on two consecutive ticks is drained when the others can carry its work', (t) => {
  const backend = new Backend(four);
  backend.ticks(3, easyAll);
  backend.tick({ ...easyAll, a: { utilisation: { cpu: 1 } } });
  t.true(backend.weight('a') > 0, 'smoothed cpu is .65: not over yet');
  const first = backend.tick({ ...easyAll, a: { utilisation: { cpu: 1 } } });
  t.true(backend.weight('a') > 0, 'smoothed cpu is .825: over once');
  t.true(reasonCodes(first.get('a')).includes('graded'), 'but cut by degrees meanwhile');
  const second = backend.tick({ ...easyAll, a: { utilisation: { cpu: 1 } } });
  t.is(backend.weight('a'), 0);
  t.true(second.get('a')?.drained);
  t.true(reasonCodes(second.get('a')).includes('drained'));
});

test('a drained server comes back only below threshold minus margin, and by a ramp', (t) => {
  const backend = new Backend(four);
  backend.ticks(4, { ...easyAll, a: busy });
  t.is(backend.weight('a'), 0);
  backend.ticks(6, { ...easyAll, a: { utilisation: { cpu: 0.75 }, traffic: { ok: 0, errors: 0, clientErrors: 0 } } });
  t.is(backend.weight('a'), 0, 'under the threshold but within the margin');
  const path: number[] = [];
  for (let tick = 0; tick < 14 && path.length < 5; tick += 1) {
    const decision = backend.tick(easyAll).get('a');
    if ((decision?.weight ?? 0) > 0) path.push(decision?.weight ?? 0);
  }
  t.is(path.length, 5);
  t.true(
    path.every((weight, index) => index === 0 || weight > (path[index - 1] ?? 0)),
    path.join(' '),
  );
  t.true((path[0] ?? 0) <= (path[4] ?? 0) / 4, `starts at a fifth: ${path.join(' ')}`);
});

test('a server is not drained where that would put another over its threshold', (t) => {
  const backend = new Backend({ a: 100, b: 100 });
  const last = backend.ticks(6, { a: busy, b: { utilisation: { cpu: 0.6 } } });
  t.true(backend.weight('a') > 0);
  t.true(reasonCodes(last.get('a')).includes('drain-refused'));
  t.true(backend.weight('a') < backend.weight('b'), 'its weight is cut by degrees instead');
});

test('all over threshold: all share, by inverse load', (t) => {
  const backend = new Backend(four);
  const over = (cpu: number) => ({ utilisation: { cpu } });
  backend.ticks(20, { a: over(0.99), b: over(0.9), c: over(0.9), d: over(0.85) });
  t.true([...backend.weights.values()].every((weight) => weight > 0));
  t.true(backend.weight('d') > backend.weight('a'));
});

test('a refusal to drain says why: how busy the others would be, that they fail, or that it cannot be predicted', (t) => {
  const hot = { utilisation: { cpu: 0.95 } };
  const why = (others: ServerSketch) => {
    const backend = new Backend({ a: 100, b: 100, c: 100 }, { algorithm: 'random' });
    const reasons = backend.ticks(3, { a: hot, b: others, c: others }).get('a')?.reasons;
    const refused = reasons?.find(({ code }) => code === 'drain-refused');
    return refused?.code === 'drain-refused' ? [refused.because, refused.detail] : [];
  };
  const at105 = ['others-overloaded', 'the other servers would be at 105 % of what they can do'];
  t.deepEqual(why({ utilisation: { cpu: 0.7 } }), at105);
  const failing = { traffic: { ok: 1, errors: 99, clientErrors: 0 } };
  t.deepEqual(why(failing), ['others-overloaded', 'the other servers mostly answer errors']);
  t.deepEqual(why({ utilisation: { cpu: null } }), ['cannot-predict', 'no other server has a fresh cpu metric']);
});

test('at most half of the capacity is drained at once', (t) => {
  const backend = new Backend({ ...four, e: 100 });
  const large = { utilisation: { ram: 0.95 }, cores: 4 };
  const idle = { utilisation: { cpu: 0.05 }, cores: 2 };
  const last = backend.ticks(10, { a: large, b: large, c: idle, d: idle, e: idle });
  t.deepEqual([backend.weight('a') > 0, backend.weight('b')], [true, 0]);
  const refusal = last.get('a')?.reasons.find((reason) => reason.code === 'drain-refused');
  t.is(refusal?.because, 'half-drained');
});

test('capacity is counted in cores: one server of three quarters of the pool is not drained', (t) => {
  const backend = new Backend({ a: 100, b: 100 });
  const last = backend.ticks(6, {
    a: { ...busy, cores: 6, traffic: { ok: 10, errors: 0, clientErrors: 0 } },
    b: { utilisation: { cpu: 0.05 }, cores: 2 },
  });
  t.true(backend.weight('a') > 0);
  const refusal = last.get('a')?.reasons.find((reason) => reason.code === 'drain-refused');
  t.is(refusal?.because, 'half-drained');
});

test('the only server in rotation is never drained', (t) => {
  const backend = new Backend({ a: 100 });
  backend.ticks(6, { a: busy });
  t.true(backend.weight('a') > 0);
});

test('a drain is lifted when the others go out of rotation', (t) => {
  const backend = new Backend({ a: 100, b: 100 });
  backend.ticks(5, { a: busy, b: { utilisation: { cpu: 0.1 } } });
  t.is(backend.weight('a'), 0);
  const decision = backend.tick({ a: busy, b: { exclusion: 'down' } }).get('a');
  t.true(backend.weight('a') > 0);
  t.true(decision?.reasons.some((reason) => reason.code === 'released' && reason.because === 'last-server'));
});

test('of two drained servers only as many come back as are needed for one server to be under its thresholds', (t) => {
  const backend = new Backend(four, { algorithm: 'random' });
  backend.ticks(5, { ...easyAll, a: busy, b: busy });
  t.deepEqual([backend.weight('a'), backend.weight('b')], [0, 0]);
  // no longer over, not yet recovered, while the others have come over
  const between = { utilisation: { cpu: 0.75 }, traffic: { ok: 0, errors: 0, clientErrors: 0 } };
  backend.ticks(3, { a: between, b: between, c: easy, d: easy });
  const decisions = backend.ticks(6, { a: between, b: between, c: busy, d: busy });
  t.deepEqual([decisions.get('a')?.drained, decisions.get('b')?.drained], [false, true]);
});

test('a drain is lifted when the others have become overloaded', (t) => {
  const backend = new Backend({ a: 100, b: 100, c: 100 });
  backend.ticks(5, { a: busy, b: easy, c: easy });
  t.is(backend.weight('a'), 0);
  backend.ticks(4, { a: busy, b: busy, c: busy });
  t.true(backend.weight('a') > 0);
});

test('a dead agent never drains a live server: its drain is lifted, its learned weight held', (t) => {
  const backend = new Backend(four);
  backend.ticks(5, { ...easyAll, a: busy });
  t.is(backend.weight('a'), 0);
  const decision = backend.tick({ ...easyAll, a: { stale: true } }).get('a');
  t.true((decision?.weight ?? 0) > 0);
  t.true(reasonCodes(decision).includes('held'));
  t.true(decision?.reasons.some((reason) => reason.code === 'released' && reason.because === 'stale'));
});

test('a drained server that has recovered does not come back cut', (t) => {
  const backend = new Backend({ a: 100, b: 100, c: 100 }, { algorithm: 'random' });
  backend.ticks(3);
  backend.ticks(10, { a: { utilisation: { tcpQueues: 0.98 } } });
  t.is(backend.weight('a'), 0);
  while (backend.weight('a') === 0) backend.tick();
  backend.ticks(4);
  t.true(backend.weight('a') > 240, `${backend.weight('a')}`);
});

test('nothing is learned of a server while it is drained or ramping up: idle, it looks larger than it is', (t) => {
  const backend = new Backend(four);
  backend.ticks(5, { ...easyAll, a: busy });
  const idle = { utilisation: { cpu: 0.72 } };
  const drained = backend.tick({ ...easyAll, a: idle }).get('a');
  t.true(drained?.drained);
  t.false(reasonCodes(drained).includes('smoothed'));
  let ramping = backend.tick(easyAll).get('a');
  for (let tick = 0; tick < 10 && ramping?.drained; tick += 1) ramping = backend.tick(easyAll).get('a');
  t.true(reasonCodes(ramping).includes('ramp'));
  t.false(reasonCodes(ramping).includes('smoothed'));
});

test('a server that is still ramping up is not drained again', (t) => {
  const backend = new Backend(four);
  backend.ticks(3, easyAll);
  backend.ticks(7, { ...easyAll, a: { exclusion: 'down' } });
  backend.ticks(2, { ...easyAll, a: busy });
  t.true(backend.weight('a') > 0);
  backend.ticks(3, { ...easyAll, a: busy });
  t.is(backend.weight('a'), 0);
});

test('policy equal: the guard still cuts and drains', (t) => {
  const backend = new Backend(four, { policy: equal });
  backend.ticks(5, { ...easyAll, a: busy });
  t.is(backend.weight('a'), 0);
  t.is(backend.weight('b'), backend.weight('c'));
});

test('servers that mostly answer errors cannot take over work: no drain for them, and a drain is lifted', (t) => {
  const failing = { ...easy, traffic: { ok: 1, errors: 99, clientErrors: 0 } };
  const allFailing = { b: failing, c: failing, d: failing };
  const backend = new Backend(four, { algorithm: 'random' });
  backend.ticks(3, easyAll);
  const refused = backend.ticks(6, { a: busy, ...allFailing }).get('a');
  t.true(backend.weight('a') > 0, 'not drained');
  t.true(reasonCodes(refused).includes('drain-refused'), 'and not drained first and then released');

  const drained = new Backend(four, { algorithm: 'random' });
  drained.ticks(5, { ...easyAll, a: busy });
  t.is(drained.weight('a'), 0);
  const decision = drained.ticks(2, { a: busy, ...allFailing }).get('a');
  t.true(drained.weight('a') > 0);
  t.false(decision?.drained);
});

const sending = (perTick: number, sketch: ServerSketch = {}): ServerSketch => ({
  ...sketch,
  traffic: { ok: perTick, errors: 0, clientErrors: 0 },
});
const drainedOf = (backend: Backend) => [...backend.weights].filter(([, weight]) => weight === 0).map(([name]) => name);
const refusalOf = (decision: Decision | undefined) =>
  decision?.reasons.find((reason) => reason.code === 'drain-refused')?.because;

test('three of five are back and two are far over: their excess would be work for the others, so none is drained', (t) => {
  const backend = new Backend({ ...four, e: 100 }, { algorithm: 'leastconn', policy: equal });
  const flow = (inFlightMean: number) => ({ started: 100, redispatches: 0, queued: 0, inFlightMean });
  const calm = sending(100, { utilisation: { cpu: 0.5 }, flow: flow(1) });
  backend.ticks(10, { a: calm, b: calm, c: calm, d: calm, e: calm });
  // a server that is full works off what came before: in flight there is much more than it does at once
  const full = sending(200, { utilisation: { cpu: 1, threads: 0.95 }, flow: flow(1_500) });
  const back = sending(100, { utilisation: { cpu: 0.55 }, flow: flow(1) });
  for (let tick = 0; tick < 8; tick += 1) {
    const last = backend.tick({ a: back, b: back, c: back, d: full, e: full });
    t.deepEqual(drainedOf(backend), []);
    if (tick > 3) t.is(refusalOf(last.get('d')), 'others-overloaded');
  }
});

test('a server whose cpu is busy with its own requests is not drained for it; one that is busy with something else is', (t) => {
  const own = new Backend(four, { policy: equal });
  const calm = sending(100, { utilisation: { cpu: 0.3 } });
  const last = own.ticks(8, { a: sending(300, { utilisation: { cpu: 0.9 } }), b: calm, c: calm, d: calm });
  t.deepEqual(drainedOf(own), []);
  t.is(refusalOf(last.get('a')), 'own-work');
  const backup = new Backend(four, { policy: equal });
  backup.ticks(8, { a: sending(100, { utilisation: { cpu: 0.9 } }), b: calm, c: calm, d: calm });
  t.deepEqual(drainedOf(backup), ['a']);
});

test('what all servers have in common drains none, not even both or one of a pair', (t) => {
  const pair = new Backend({ a: 100, b: 100 });
  const resting = { utilisation: { cpu: 0.2, ram: 0.82 } };
  const higher = { utilisation: { cpu: 0.2, ram: 0.86 } };
  for (let tick = 0; tick < 40; tick += 1) {
    const last = pair.tick({ a: resting, b: higher });
    t.deepEqual(drainedOf(pair), []);
    if (tick > 3) t.is(refusalOf(last.get('b')), 'in-common');
  }
});

test('at most one drain begins in a tick', (t) => {
  const backend = new Backend({ ...four, e: 100 });
  const high = (ram: number) => ({ utilisation: { cpu: 0.1, ram } });
  let before = 0;
  for (let tick = 0; tick < 6; tick += 1) {
    backend.tick({ a: high(0.9), b: high(0.92), c: high(0.4), d: high(0.4), e: high(0.4) });
    const now = drainedOf(backend).length;
    t.true(now - before <= 1, `tick ${tick}: ${now - before}`);
    before = now;
  }
  t.is(before, 2);
});

test('of a pair the drained one is back at the first tick at which the other cannot do all that is asked for', (t) => {
  const backend = new Backend({ a: 100, b: 100 }, { algorithm: 'random' });
  const calm = (perTick: number) => sending(perTick, { utilisation: { cpu: perTick / 400 } });
  const hot = { utilisation: { cpu: 0.1, ram: 0.9 } };
  backend.ticks(4, { a: calm(60), b: calm(60) });
  backend.ticks(4, { a: sending(60, hot), b: calm(60) });
  t.is(backend.weight('a'), 0);
  backend.ticks(3, { a: sending(0, hot), b: calm(120) });
  t.is(backend.weight('a'), 0);
  backend.ticks(2, { a: sending(0, hot), b: calm(400) });
  t.true(backend.weight('a') > 0);
});

test('while more is asked for than all can do, none is cut near saturation: the others would get what it is spared', (t) => {
  const backend = new Backend(four, { algorithm: 'leastconn', policy: equal });
  const asked = (started: number, threads: number): ServerSketch => ({
    utilisation: { cpu: 1, threads },
    traffic: { ok: 100, errors: 0, clientErrors: 0 },
    flow: { started, redispatches: 0, queued: 0, inFlightMean: null },
  });
  const last = backend.ticks(10, { a: asked(120, 1), b: asked(120, 0.5), c: asked(120, 0.5), d: asked(120, 0.5) });
  t.deepEqual([...backend.weights.values()], [256, 256, 256, 256]);
  t.false(reasonCodes(last.get('a')).includes('graded'));
});

test('property: a drain never begins where the others would be over 80 % busy with all of the work', (t) => {
  const server = fc.record({ cores: fc.constantFrom(1, 2, 4), ram: fc.double({ min: 0.3, max: 1, noNaN: true }) });
  fc.assert(
    fc.property(
      fc.array(server, { minLength: 2, maxLength: 8 }),
      fc.double({ min: 0.1, max: 1.3, noNaN: true }),
      (servers, load) => {
        const names = servers.map((_, index) => `s${index}`);
        const backend = new Backend(Object.fromEntries(names.map((name) => [name, 100])), { policy: equal });
        const perTick = (cores: number) => Math.round(200 * cores * load);
        const sketches = servers.map(({ cores, ram }) => {
          const utilisation = { cpu: Math.min(1, load), ram };
          const ok = Math.min(perTick(cores), 200 * cores);
          const flow = { started: perTick(cores), redispatches: 0, queued: 0, inFlightMean: null };
          return { cores, utilisation, traffic: { ok, errors: 0, clientErrors: 0 }, flow };
        });
        const cores = (some: readonly { readonly cores: number }[]) =>
          some.reduce((total, { cores }) => total + cores, 0);
        for (let tick = 0; tick < 8; tick += 1) {
          backend.tick(Object.fromEntries(names.map((name, index) => [name, sketches[index] ?? {}])));
          const out = drainedOf(backend);
          const open = servers.filter((_, index) => !out.includes(`s${index}`));
          if (out.length > 0 && (load * cores(servers)) / cores(open) > 0.8) return false;
        }
        return true;
      },
    ),
    { numRuns: 60, seed: 3 },
  );
  t.pass();
});
