import test from 'ava';
import { mostPerSecond, ratesBetween } from '../../../../controller/observe/peers/rates.ts';
import type { ServerTraffic } from '../../../../shared/contract/traffic.ts';
import { counted } from '../../../support/traffic.ts';

const reading = (readAtMs: number, ...servers: ServerTraffic[]) => ({ backend: 'web', readAtMs, servers });
const between = (...readings: [ReturnType<typeof reading>, ReturnType<typeof reading>]) => {
  const rates = ratesBetween('http://b:1', ...readings);
  return rates.ok ? rates.value : rates.error;
};

test('what happened between two readings, by the second of the peer', (t) => {
  const before = reading(5_000, counted({ ok: 100, started: 110 }));
  const now = reading(7_000, counted({ ok: 140, started: 160, inFlight: 12 }));
  const { server, address, port } = counted();
  t.deepEqual(between(before, now), [{ server, address, port, inFlight: 12, okPerSecond: 20, startedPerSecond: 25 }]);
  t.is(between(before, { ...now, readAtMs: 5_000 }), null, 'the same reading');
  t.is(between(before, { ...now, readAtMs: 5_099 }), null, 'too close to divide by');
});

test('counters that went back, and a server that came or moved, tell nothing yet', (t) => {
  const before = reading(0, counted({ ok: 100, started: 110 }));
  for (const server of [
    counted({ ok: 3, started: 130 }),
    counted({ ok: 120, started: 4 }),
    counted({ ok: 120, started: 130, address: '10.0.0.9' }),
    counted({ server: 'new', ok: 120, started: 130 }),
  ]) {
    t.deepEqual(between(before, reading(2_000, server)), []);
  }
});

test('a count that no server can have makes the whole answer unusable, in one line', (t) => {
  const before = reading(0, counted(), counted({ server: 'web2' }));
  for (const claim of [{ ok: 1e9 }, { started: 1e9 }, { inFlight: 1e9 }]) {
    const problem = between(before, reading(2_000, counted({ ok: 10 }), counted({ server: 'web2', ...claim })));
    t.like(problem, { code: 'peer-invalid', where: 'http://b:1', expected: `at most ${mostPerSecond} requests/s` });
  }
});

test('4xx of a server that has far more of them than the others are no work done', (t) => {
  const names = ['a', 'b', 'c'];
  const before = reading(0, ...names.map((server) => counted({ server })));
  const now = (clientErrors: readonly number[]) =>
    reading(
      1_000,
      ...names.map((server, index) => counted({ server, ok: 100, clientErrors: clientErrors[index] ?? 0 })),
    );
  const okOf = (clientErrors: readonly number[]) => {
    const rates = between(before, now(clientErrors));
    return Array.isArray(rates) ? rates.map(({ okPerSecond }) => Math.round(okPerSecond)) : rates;
  };
  t.deepEqual(okOf([100, 0, 0]), [0, 100, 100]);
  t.deepEqual(okOf([50, 40, 45]), [100, 100, 100], 'what all have is the site');
});
