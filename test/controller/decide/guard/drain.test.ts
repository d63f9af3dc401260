import test from 'ava';
import { equal } from '../../../../controller/decide/policies/equal.ts';
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

test('a refusal to drain says why: which server would be overloaded, that all are, or that it cannot be predicted', (t) => {
  const hot = { utilisation: { cpu: 0.95 } };
  const why = (others: ServerSketch) => {
    const backend = new Backend({ a: 100, b: 100, c: 100 });
    const reasons = backend.ticks(3, { a: hot, b: others, c: others }).get('a')?.reasons;
    const refused = reasons?.find(({ code }) => code === 'drain-refused');
    return refused?.code === 'drain-refused' ? [refused.because, refused.detail] : [];
  };
  t.deepEqual(why({ utilisation: { cpu: 0.7 } }), ['others-overloaded', 'b would be at 105 % cpu']);
  t.deepEqual(why({ utilisation: { cpu: 0.9 } }), [
    'others-overloaded',
    'every other server is over a threshold or failing',
  ]);
  const unpredictable = ['cannot-predict', 'no other server has a fresh cpu metric and traffic'];
  t.deepEqual(why({ utilisation: { cpu: null } }), unpredictable);
  t.deepEqual(why({ traffic: { ok: 0, errors: 0, clientErrors: 0 } }), unpredictable);
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
