import test from 'ava';
import { equal } from '../../../controller/policies/equal.ts';
import type { ServerSketch } from '../build.ts';
import { Backend, reasonCodes } from '../run.ts';

const four = { a: 100, b: 100, c: 100, d: 100 };
const busy = { utilisation: { cpu: 0.95 } };
const easy = { utilisation: { cpu: 0.3 } };
const easyAll = { a: easy, b: easy, c: easy, d: easy };

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
  backend.ticks(6, { ...easyAll, a: { utilisation: { cpu: 0.75 }, traffic: { ok: 0, errors: 0 } } });
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

test('a refusal to drain says why: who would be overloaded, that all are, or that nobody can tell', (t) => {
  const hot = { utilisation: { cpu: 0.95 } };
  const why = (others: ServerSketch) => {
    const backend = new Backend({ a: 100, b: 100, c: 100 });
    const reasons = backend.ticks(3, { a: hot, b: others, c: others }).get('a')?.reasons;
    const refused = reasons?.find(({ code }) => code === 'drain-refused');
    return refused?.code === 'drain-refused' ? [refused.because, refused.detail] : [];
  };
  t.deepEqual(why({ utilisation: { cpu: 0.7 } }), ['others-overloaded', 'b would be at 105 % cpu']);
  t.deepEqual(why({ utilisation: { cpu: 0.9 } }), ['others-overloaded', 'every other server is over a threshold too']);
  const nobody = ['cannot-predict', 'no other server has a fresh cpu metric and traffic'];
  t.deepEqual(why({ utilisation: { cpu: null } }), nobody);
  t.deepEqual(why({ traffic: { ok: 0, errors: 0 } }), nobody);
});

test('at most half of the capacity is drained at once', (t) => {
  const backend = new Backend(four);
  const idle = { utilisation: { cpu: 0.05 } };
  backend.ticks(10, { a: busy, b: busy, c: busy, d: idle });
  const drained = [...backend.weights.values()].filter((weight) => weight === 0).length;
  t.is(drained, 2);
});

test('capacity is counted in cores: one server of three quarters of the pool is not drained', (t) => {
  const backend = new Backend({ a: 100, b: 100 });
  const last = backend.ticks(6, {
    a: { ...busy, cores: 6, traffic: { ok: 10, errors: 0 } },
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

test('of two drained servers only as many come back as are needed for somebody to be under its thresholds', (t) => {
  const backend = new Backend(four, { algorithm: 'random' });
  backend.ticks(5, { ...easyAll, a: busy, b: busy });
  t.deepEqual([backend.weight('a'), backend.weight('b')], [0, 0]);
  // no longer over, not yet recovered, while the others have come over
  const between = { utilisation: { cpu: 0.75 } };
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
    Math.abs(backend.weight('a') / backend.weight('b') - (1 - (0.95 * 0.15) / 0.2)) < 0.05,
    `${backend.weight('a')}`,
  );
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
  backend.tick({ a: { traffic: { ok: 0, errors: 100 } } });
  t.true(backend.weight('a') < backend.weight('b') / 10, String(backend.weight('a')));
  backend.tick();
  t.true(backend.weight('a') < backend.weight('b') / 4, 'one good tick does not bring it back');
  backend.ticks(25);
  t.true(backend.weight('a') > backend.weight('b') * 0.85);
});

test('one or two errors in a tick are noise', (t) => {
  const backend = new Backend(four);
  backend.ticks(2);
  backend.tick({ a: { traffic: { ok: 1, errors: 2 } } });
  t.is(backend.weight('a'), backend.weight('b'));
});

test('a server that was cut for its errors is not forgiven by a tick without a success', (t) => {
  const backend = new Backend({ a: 100, b: 100, c: 100 }, { algorithm: 'random' });
  backend.ticks(3);
  const cut = backend.ticks(4, { a: { traffic: { ok: 0, errors: 50 } } }).get('a')?.weight ?? 999;
  for (const traffic of [
    { ok: 0, errors: 2 },
    { ok: 0, errors: 0 },
  ]) {
    t.is(backend.ticks(10, { a: { traffic } }).get('a')?.weight, cut);
  }
  backend.ticks(20, { a: { traffic: { ok: 2, errors: 0 } } });
  t.true(backend.weight('a') > 20 * cut);
});

test('a server that comes back into rotation starts with a part of its weight', (t) => {
  const backend = new Backend(four);
  backend.ticks(3);
  backend.tick({ a: { exclusion: 'down' } });
  const back = backend.tick();
  t.true((back.get('a')?.weight ?? 256) <= 256 * 0.21);
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
  const quiet = { traffic: { ok: 0, errors: 0 } };
  const backend = new Backend({ a: 100, b: 100 }, { algorithm: 'roundrobin' });
  backend.tick({ a: quiet, b: quiet });
  t.is(backend.weight('a'), 256);
  backend.weights = new Map([
    ['a', 100],
    ['b', 100],
  ]);
  backend.tick({ a: { traffic: null }, b: { traffic: null } });
  t.is(backend.weight('a'), 256);
});

test('under roundrobin weights stand for some requests before they change again', (t) => {
  const quiet = { traffic: { ok: 1, errors: 0 } };
  const hot = { utilisation: { cpu: 0.7 }, traffic: { ok: 1, errors: 0 } };
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
  const quiet = { traffic: { ok: 0, errors: 0 } };
  const all = { a: quiet, b: quiet };
  const backend = new Backend({ a: 100, b: 100 }, { algorithm: 'roundrobin' });
  backend.ticks(2, all);
  backend.tick({ a: { exclusion: 'drain' }, b: quiet });
  backend.tick(all);
  t.true(backend.weight('a') < 100, String(backend.weight('a')));
});

test('where every weight is 0 the configured ones are put back, whether agents answer or not', (t) => {
  for (const sketch of [{ stale: true }, { utilisation: { cpu: null } }, {}]) {
    const backend = new Backend({ a: 0, b: 0 });
    backend.tick({ a: sketch, b: sketch });
    t.true(backend.weight('a') > 0 && backend.weight('b') > 0, JSON.stringify(sketch));
  }
});

test('going to 0 does not wait for roundrobin to settle', (t) => {
  const quiet = { traffic: { ok: 0, errors: 0 } };
  const idle = { utilisation: { cpu: 0.3 }, ...quiet };
  const backend = new Backend({ a: 100, b: 100, c: 100 }, { algorithm: 'roundrobin' });
  backend.tick({ a: idle, b: idle, c: idle });
  backend.ticks(4, { a: { ...busy, ...quiet }, b: idle, c: idle });
  t.is(backend.weight('a'), 0);
});

test('nothing is learned of a server while it is drained or ramping up: idle, it looks larger than it is', (t) => {
  const backend = new Backend(four);
  backend.ticks(5, { ...easyAll, a: busy });
  const idle = { utilisation: { cpu: 0.72 } };
  const drained = backend.tick({ ...easyAll, a: idle }).get('a');
  t.true(drained?.drained);
  t.false(reasonCodes(drained).includes('smoothed'));
  backend.ticks(2, easyAll);
  const ramping = backend.tick(easyAll).get('a');
  t.true(reasonCodes(ramping).includes('ramp'));
  t.false(reasonCodes(ramping).includes('smoothed'));
});

test('a server that is still ramping up is not drained again', (t) => {
  const backend = new Backend(four);
  backend.ticks(3, easyAll);
  backend.tick({ ...easyAll, a: { exclusion: 'down' } });
  backend.ticks(4, { ...easyAll, a: busy });
  t.true(backend.weight('a') > 0);
  backend.ticks(3, { ...easyAll, a: busy });
  t.is(backend.weight('a'), 0);
});

test('however far the law wants to go, a step is at most a factor of e^0.7 (2.01) a tick', (t) => {
  const at = (load: number) => ({ utilisation: { cpu: load, ram: load, bandwidth: load, threads: load } });
  const backend = new Backend({ a: 256, b: 256, c: 256, d: 256, e: 256, f: 256 });
  const high = at(0.79);
  const decision = backend.tick({ a: at(0), b: high, c: high, d: high, e: high, f: high }).get('a');
  const step = decision?.reasons.find((reason) => reason.code === 'smoothed');
  t.is(step?.factor, Math.exp(0.7));
  t.true((step?.wanted ?? 0) > 10);
});

test('policy equal: the guard still cuts and drains', (t) => {
  const backend = new Backend(four, { policy: equal });
  backend.ticks(5, { ...easyAll, a: busy });
  t.is(backend.weight('a'), 0);
  t.is(backend.weight('b'), backend.weight('c'));
});

test('a server named like a property of every object is a server like any other', (t) => {
  const backend = new Backend({ constructor: 100, ['__proto__x']: 100, toString: 100 });
  backend.ticks(3);
  t.is(backend.weight('constructor'), 256);
});
