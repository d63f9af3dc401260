import test from 'ava';
import type { Problem } from '../../../contract/problem.ts';
import { err, ok } from '../../../contract/result.ts';
import { holdSnapshot, type ReadingOptions, readingOf } from '../../../controller/observe/agent-readings.ts';
import { agentUrl } from '../../../controller/observe/agent-url.ts';
import { countersOf, trafficBetween } from '../../../controller/observe/traffic.ts';
import type { StatRow } from '../../../haproxy/runtime-api.ts';
import { snapshot } from '../../support/snapshot.ts';

const options: ReadingOptions = { staleAfterMs: 3_000, tcpQueueParts: ['receive', 'send', 'accept'] };
const silence: Problem = { code: 'agent-timeout', where: 'x', what: 'no answer' };

test('a snapshot stays fresh until it is older than 3 s, counted by the agent and by us', (t) => {
  const held = holdSnapshot(ok(snapshot({ ageMs: 1_000 })), null, 50_000);
  t.is(readingOf(held, null, 52_000, options).state, 'fresh');
  t.is(readingOf(held, null, 52_001, options).state, 'stale');
});

test('one lost answer is bridged by the snapshot before, two are not', (t) => {
  const held = holdSnapshot(ok(snapshot({ ageMs: 500 })), null, 0);
  t.is(readingOf(holdSnapshot(err(silence), held, 2_000), silence, 2_000, options).state, 'fresh');
  const after = readingOf(holdSnapshot(err(silence), held, 4_000), silence, 4_000, options);
  t.is(after.state === 'stale' ? after.code : '', 'agent-timeout');
});

test('an agent that answers with an old sample is stale', (t) => {
  const reading = readingOf(holdSnapshot(ok(snapshot({ ageMs: 60_000 })), null, 0), null, 0, options);
  t.is(reading.state === 'stale' ? reading.code : '', 'agent-stale');
});

test("the agent's wall clock has no part in its age", (t) => {
  const reading = readingOf(holdSnapshot(ok(snapshot({ takenAtMs: 5 })), null, 0), null, 10, options);
  t.is(reading.state, 'fresh');
});

test('unknown stays unknown, and only the configured parts of the TCP queues count', (t) => {
  const held = holdSnapshot(ok(snapshot()), null, 0);
  const all = readingOf(held, null, 0, options);
  const without = readingOf(held, null, 0, { ...options, tcpQueueParts: ['receive', 'accept'] });
  t.is(all.state === 'fresh' ? all.utilisation.bandwidth : 0, null);
  t.is(all.state === 'fresh' ? all.utilisation.tcpQueues : 0, 0.75);
  t.is(without.state === 'fresh' ? without.utilisation.tcpQueues : 0, 0.25);
});

const row: StatRow = {
  backend: 'web',
  name: 's1',
  kind: 'server',
  status: 'UP',
  algorithm: null,
  mode: 'http',
  isBackup: false,
  agentCheck: false,
  weight: 100,
  effectiveWeight: 100,
  currentSessions: 3,
  queued: 0,
  totalSessions: 100,
  responses1xx: 1,
  responses2xx: 50,
  responses3xx: 5,
  responses4xx: 7,
  responses5xx: 11,
  connectionErrors: 13,
  responseErrors: 17,
  redispatches: 0,
  throttlePercent: null,
  upForMs: 1_000,
};

test('1xx to 4xx are work done; 5xx, connection and response errors are errors', (t) => {
  t.deepEqual(countersOf(row), { ok: 63, errors: 41 });
});

test('in TCP mode sessions that ended without an error are work done', (t) => {
  const tcp = {
    ...row,
    responses1xx: null,
    responses2xx: null,
    responses3xx: null,
    responses4xx: null,
    responses5xx: null,
  };
  t.deepEqual(countersOf(tcp), { ok: 100 - 3 - 30, errors: 30 });
});

test('counters that jump back (a reload) give no traffic, not a negative one', (t) => {
  t.is(trafficBetween({ ok: 100, errors: 0 }, { ok: 3, errors: 0 }), null);
  t.is(trafficBetween(null, { ok: 3, errors: 0 }), null);
  t.deepEqual(trafficBetween({ ok: 1, errors: 1 }, { ok: 3, errors: 2 }), { ok: 2, errors: 1 });
});

test('an agent is asked at the address that HAProxy has, IPv6 in brackets, unless one is configured', (t) => {
  const template = 'http://{address}:9477';
  t.deepEqual(agentUrl({ name: 'a', address: '10.0.0.1' }, template, {}), ok('http://10.0.0.1:9477'));
  t.deepEqual(agentUrl({ name: 'a', address: 'fd00::1' }, template, {}), ok('http://[fd00::1]:9477'));
  t.deepEqual(agentUrl({ name: 'a', address: '10.0.0.1' }, template, { a: 'http://h:1/' }), ok('http://h:1'));
  t.deepEqual(agentUrl({ name: 'a', address: '' }, 'http://{server}.lan:1', {}), ok('http://a.lan:1'));
  t.false(agentUrl({ name: 'constructor', address: '' }, template, {}).ok);
});
