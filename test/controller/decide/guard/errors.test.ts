import test from 'ava';
import fc from 'fast-check';
import { addAnswers, errorFactor, judgeErrors, noAnswers } from '../../../../controller/decide/guard/errors.ts';
import { undisturbed } from '../../../../shared/contract/observation.ts';
import { seededRandom } from '../../../../shared/math/random.ts';
import { Backend, reasonCodes } from '../../support/play.ts';

const five = { a: 100, b: 100, c: 100, d: 100, e: 100 };
const answering = (ok: number, errors: number) => ({ traffic: { ok, errors, clientErrors: 0 } });
const everywhere = (ok: number, errors: number) =>
  Object.fromEntries(Object.keys(five).map((server) => [server, answering(ok, errors)]));
const weightsOf = (backend: Backend) => [...backend.weights.values()];

test('a trickle: of servers with one request in two ticks, the one that fails is cut within half a minute', (t) => {
  const backend = new Backend(five, { algorithm: 'roundrobin' });
  let factor = 1;
  for (let tick = 0; tick < 15; tick += 1) {
    const isBusy = tick % 2 === 0;
    backend.tick({ ...everywhere(isBusy ? 1 : 0, 0), a: answering(0, isBusy ? 1 : 0) });
    factor = backend.weight('a') / backend.weight('b');
  }
  t.true(factor < 0.15, `${factor}`);
  for (let tick = 0; tick < 90; tick += 1) backend.tick(everywhere(0, 0));
  t.true(backend.weight('a') > 0.7 * backend.weight('b'), 'without a request it is tried again after some minutes');
});

test('one error is chance, and so are two among many answers', (t) => {
  const backend = new Backend(five, { algorithm: 'roundrobin' });
  backend.ticks(3);
  const before = weightsOf(backend);
  backend.tick({ ...everywhere(0, 0), a: answering(0, 1) });
  t.deepEqual(weightsOf(backend), before);
  const other = new Backend(five, { algorithm: 'roundrobin' });
  other.ticks(3);
  other.tick({ a: answering(98, 2) });
  t.deepEqual(weightsOf(other), before);
});

test('what all have in common cuts none, is said, and leaves nothing behind when it ends', (t) => {
  for (const algorithm of ['roundrobin', 'leastconn', 'random']) {
    const backend = new Backend(five, { algorithm });
    backend.ticks(5, everywhere(100, 0));
    const before = weightsOf(backend);
    // not quite the same everywhere: a gets more of the traffic, e hardly any
    const failing = { ...everywhere(0, 100), a: answering(0, 400), e: answering(0, 5) };
    for (let tick = 0; tick < 8; tick += 1) {
      const decisions = backend.tick(failing);
      t.deepEqual(weightsOf(backend), before, `${algorithm}, tick ${tick}`);
      if (tick > 0) t.true(reasonCodes(decisions.get('b')).includes('errors-in-common'));
    }
    for (let tick = 0; tick < 8; tick += 1) {
      backend.tick(everywhere(100, 0));
      t.deepEqual(weightsOf(backend), before, `${algorithm}, ${tick} ticks after it`);
    }
  }
});

test('a common failure that ends within a tick leaves nothing behind on servers of different traffic', (t) => {
  const backend = new Backend(five, { algorithm: 'roundrobin' });
  const of = (part: number) =>
    Object.fromEntries(
      [67, 89, 153, 283, 278].map((answers, index) => {
        const errors = Math.round(answers * part);
        return [Object.keys(five)[index] ?? '', answering(answers - errors, errors)];
      }),
    );
  backend.ticks(5, of(0));
  const before = weightsOf(backend);
  backend.ticks(7, of(1));
  backend.tick(of(0.5));
  for (let tick = 0; tick < 10; tick += 1) {
    backend.tick(of(0));
    t.deepEqual(weightsOf(backend), before, `${tick} ticks after it`);
  }
});

test('a server that was cut before all fail is let back', (t) => {
  const backend = new Backend(five, { algorithm: 'roundrobin' });
  backend.ticks(4, { a: answering(0, 100) });
  t.true(backend.weight('a') < 20);
  backend.ticks(6, everywhere(0, 100));
  t.is(backend.weight('a'), backend.weight('b'));
});

test('errors that all have, some percent, shift nothing to small servers', (t) => {
  const backend = new Backend({ a: 100, b: 100, c: 20 }, { algorithm: 'roundrobin' });
  const random = seededRandom(3);
  const some = (answers: number) => {
    const errors = Array.from({ length: answers }, () => random()).filter((drawn) => drawn < 0.15).length;
    return answering(answers - errors, errors);
  };
  backend.ticks(5);
  for (let tick = 0; tick < 60; tick += 1) {
    const decisions = backend.tick({ a: some(100), b: some(100), c: some(6) });
    for (const { reasons } of decisions.values()) {
      t.true(reasons.every((reason) => reason.code !== 'errors' || reason.factor > 0.5));
    }
  }
});

test('two of five that fail are cut, though each is the other one of the others; three are not', (t) => {
  const backend = new Backend(five, { algorithm: 'roundrobin' });
  backend.ticks(3, { a: answering(10, 90), b: answering(0, 400) });
  t.true(backend.weight('a') < 0.1 * backend.weight('c'));
  t.true(backend.weight('b') < 0.1 * backend.weight('c'));
  const most = new Backend(five, { algorithm: 'roundrobin' });
  most.ticks(3, { a: answering(0, 100), b: answering(0, 100), c: answering(0, 100) });
  t.deepEqual(weightsOf(most), [256, 256, 256, 256, 256]);
});

test('common 4xx are neither success nor failure: they do not hide errors', (t) => {
  const backend = new Backend(five, { algorithm: 'roundrobin' });
  const ordinary = { traffic: { ok: 100, errors: 0, clientErrors: 90 } };
  const failing = { traffic: { ok: 90, errors: 10, clientErrors: 90 } };
  backend.ticks(3, { a: failing, b: ordinary, c: ordinary, d: ordinary, e: ordinary });
  t.true(backend.weight('a') < 0.1 * backend.weight('b'));
});

test('a server that HAProxy found DOWN and is back has no errors of before', (t) => {
  const backend = new Backend(five, { algorithm: 'roundrobin' });
  backend.ticks(3, { a: answering(0, 100) });
  backend.tick({ a: { exclusion: 'down' } });
  const back = backend.tick({ a: answering(10, 0) }).get('a');
  t.false(reasonCodes(back).includes('errors'));
});

test('property: of equal servers with a base rate of errors, none is cut by more than a tenth in 99 of 100 ticks', (t) => {
  const random = seededRandom(11);
  let [cut, all] = [0, 0];
  for (const rate of [0.001, 0.01, 0.05, 0.2]) {
    for (const volume of [1, 3, 20, 300]) {
      let windows = ['a', 'b', 'c', 'd', 'e'].map((server) => ({ server, last: noAnswers }));
      for (let tick = 0; tick < 150; tick += 1) {
        const subjects = windows.map(({ server, last }) => {
          const answers = Math.round(2 * volume * random());
          const errors = Array.from({ length: answers }, () => random()).filter((drawn) => drawn < rate).length;
          const now = { answers, errors };
          return { server, last: addAnswers(last, now, 2_000), fast: undisturbed };
        });
        for (const { excess } of judgeErrors(subjects).values()) {
          all += 1;
          if (errorFactor(excess) < 0.9) cut += 1;
        }
        windows = subjects;
      }
    }
  }
  t.true(cut / all < 0.01, `${cut} of ${all}`);
});

test('property: the excess is 0 to 1, no more than the share, and does not depend on the order of the servers', (t) => {
  const tick = fc.record({ errors: fc.nat(1_000), ok: fc.nat(1_000) });
  fc.assert(
    fc.property(fc.array(fc.array(tick, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 }), (servers) => {
      const subjects = servers.map((ticks, index) => {
        const counted = ticks.map(({ errors, ok }) => ({ errors, answers: errors + ok }));
        const last = counted.reduce((before, now) => addAnswers(before, now, 2_000), noAnswers);
        return { server: `s${index}`, last, fast: undisturbed };
      });
      const judged = judgeErrors(subjects);
      const turned = judgeErrors(subjects.toReversed());
      return subjects.every(({ server }) => {
        const { excess = -1, share = -1 } = judged.get(server) ?? {};
        return excess >= 0 && excess <= Math.max(share, 0) + 1e-9 && turned.get(server)?.excess === excess;
      });
    }),
  );
  t.pass();
});
