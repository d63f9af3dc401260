import test from 'ava';
import fc from 'fast-check';
import { shareLimits } from '../../../../controller/decide/guard/share-limit.ts';
import type { Decision } from '../../../../shared/contract/decision.ts';
import type { ServerSketch } from '../../support/build.ts';
import { Backend, reasonCodes } from '../../support/play.ts';

const four = { a: 100, b: 100, c: 100, d: 100 };
const idle = { utilisation: { cpu: 0, ram: 0, bandwidth: 0, threads: 0 } };
const busy = { utilisation: { cpu: 0.7, ram: 0.4 } };
const honest = { b: busy, c: busy, d: busy };

function shareOf(backend: Backend, server: string): number {
  return backend.weight(server) / [...backend.weights.values()].reduce((sum, weight) => sum + weight, 0);
}

test('an agent that says its server is idle and huge draws no more than its limit of the traffic to it', (t) => {
  const backend = new Backend(four, { algorithm: 'random' });
  let last = new Map();
  for (let tick = 0; tick < 60; tick += 1) {
    last = backend.tick({ ...honest, a: { ...idle, cores: 65_536 } });
    t.true(shareOf(backend, 'a') <= 0.63, `tick ${tick}: ${shareOf(backend, 'a')}`);
  }
  t.true(shareOf(backend, 'a') > 0.6, 'and it is the limit that holds it');
  t.true(reasonCodes(last.get('a')).includes('limited'));
  t.false(reasonCodes(last.get('b')).includes('limited'));
});

test('the configuration may give a server more: then its agent may too, and no further', (t) => {
  const backend = new Backend({ a: 240, b: 20, c: 20, d: 20 }, { algorithm: 'random' });
  const sketches = Object.fromEntries(
    Object.entries(honest).map(([server, sketch]) => [server, { ...sketch, configuredWeight: 20 }]),
  );
  backend.ticks(60, { ...sketches, a: { ...idle, cores: 65_536, configuredWeight: 240 } });
  t.true(shareOf(backend, 'a') > 0.75 && shareOf(backend, 'a') <= 0.81, String(shareOf(backend, 'a')));
});

test('of two servers one may have three quarters', (t) => {
  const backend = new Backend({ a: 100, b: 100 }, { algorithm: 'random' });
  backend.ticks(60, { b: busy, a: { ...idle, cores: 65_536 } });
  t.true(shareOf(backend, 'a') > 0.73 && shareOf(backend, 'a') <= 0.76, String(shareOf(backend, 'a')));
});

test('a server that claims to be huge does not let all others be drained for it', (t) => {
  const backend = new Backend(four, { algorithm: 'random' });
  const hot = { utilisation: { cpu: 0.97 } };
  backend.ticks(20, { a: { ...idle, cores: 65_536 }, b: hot, c: hot, d: hot });
  const out = ['b', 'c', 'd'].filter((server) => backend.weight(server) === 0);
  t.true(out.length <= 2, `${out}`);
});

const amounts = fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 2, maxLength: 30 });

test('property: no part is above its limit, no server gains weight, and a server under the limit keeps all of it', (t) => {
  fc.assert(
    fc.property(amounts, (learned) => {
      const servers = learned.map((weight) => ({ learned: weight, configured: 1, proven: 0 }));
      const limitOf = shareLimits(servers);
      const limited = servers.map((server) => ({ ...server, factor: limitOf(server).factor }));
      const total = limited.reduce((sum, { learned, factor }) => sum + learned * factor, 0);
      const largest = 0.5 + 0.5 / learned.length;
      return (
        limited.every(({ factor }) => factor > 0 && factor <= 1) &&
        limited.every(({ learned, factor }) => (learned * factor) / total <= largest + 1e-6) &&
        limited.filter(({ factor }) => factor < 1).length <= 1
      );
    }),
  );
  t.pass();
});

/** Requests in flight by a queue with as many workers as the server has cores, and what is answered. */
function loaded(cores: number, perSecond: number, claims: ServerSketch = {}): ServerSketch {
  const most = cores * 50;
  const busy = Math.min(0.98, perSecond / most);
  const seconds = (0.02 / (1 - busy ** cores)) * (perSecond > most ? 20 : 1);
  const answered = Math.round(2 * Math.min(perSecond, most));
  return {
    cores,
    utilisation: { cpu: busy },
    traffic: { ok: answered, errors: 0, clientErrors: 0 },
    flow: { started: answered, redispatches: 0, queued: 0, inFlightMean: (answered / 2) * seconds },
    ...claims,
  };
}

test('1 and 8 cores: what HAProxy counts proves that the large one may have its 89 %', (t) => {
  const backend = new Backend({ small: 100, large: 100 }, { algorithm: 'roundrobin' });
  let last = new Map<string, Decision>();
  for (let tick = 0; tick < 60; tick += 1) {
    const share = shareOf(backend, 'large');
    last = backend.tick({ small: loaded(1, 270 * (1 - share)), large: loaded(8, 270 * share) });
  }
  t.true(shareOf(backend, 'large') > 0.84, `${shareOf(backend, 'large')}`);
  t.true(reasonCodes(last.get('large')).includes('limit-raised'));
});

for (const load of [0.1, 0.3, 0.5, 0.7, 0.9]) {
  test(`of two equal servers, one whose agent claims to be idle and huge gets no more than its limit at ${100 * load} % load`, (t) => {
    const backend = new Backend({ a: 100, b: 100 }, { algorithm: 'roundrobin' });
    const claims = { ...idle, cores: 65_536 };
    for (let tick = 0; tick < 120; tick += 1) {
      const share = shareOf(backend, 'a');
      const all = load * 200;
      backend.tick({ a: { ...loaded(2, all * share), ...claims }, b: loaded(2, all * (1 - share)) });
      t.true(shareOf(backend, 'a') <= 0.76, `tick ${tick}: ${shareOf(backend, 'a')}`);
    }
  });
}
