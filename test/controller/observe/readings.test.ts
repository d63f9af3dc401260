import test from 'ava';
import {
  type HeldSnapshot,
  holdSnapshot,
  type ReadingOptions,
  readingOf,
} from '../../../controller/observe/agent-readings.ts';
import { agentUrl } from '../../../controller/observe/agent-url.ts';
import { countersOf, trafficBetween } from '../../../controller/observe/traffic.ts';
import type { StatRow } from '../../../haproxy/runtime-api.ts';
import { formatProblem, type Problem } from '../../../shared/contract/problem.ts';
import { agentStale } from '../../../shared/contract/problems/agent.ts';
import { err, ok } from '../../../shared/contract/result.ts';
import { snapshot } from '../../support/snapshot.ts';

const options: ReadingOptions = { staleAfterMs: 3_000, tcpQueueParts: ['receive', 'send', 'accept'] };
const url = 'http://10.0.0.1:9477';
const silence: Problem = { code: 'agent-timeout', where: 'x', what: 'no answer' };

function read(held: HeldSnapshot | null, failure: Problem | null, nowMs: number, own = options) {
  return readingOf(url, held, failure, nowMs, own).reading;
}

test('a snapshot stays fresh until it is older than 3 s, counted by the agent and by us', (t) => {
  const held = holdSnapshot(ok(snapshot({ ageMs: 1_000 })), null, 50_000);
  t.is(read(held, null, 52_000, options).state, 'fresh');
  t.is(read(held, null, 52_001, options).state, 'stale');
});

test('one lost answer is bridged by the snapshot before, two are not', (t) => {
  const held = holdSnapshot(ok(snapshot({ ageMs: 500 })), null, 0);
  t.is(read(holdSnapshot(err(silence), held, 2_000), silence, 2_000, options).state, 'fresh');
  const after = read(holdSnapshot(err(silence), held, 4_000), silence, 4_000, options);
  t.is(after.state === 'stale' ? after.code : '', 'agent-timeout');
});

test('an agent that answers with an old sample is stale', (t) => {
  const reading = read(holdSnapshot(ok(snapshot({ ageMs: 60_000 })), null, 0), null, 0, options);
  t.is(reading.state === 'stale' ? reading.code : '', 'agent-stale');
});

test("the agent's wall clock has no part in its age", (t) => {
  const reading = read(holdSnapshot(ok(snapshot({ takenAtMs: 5 })), null, 0), null, 10, options);
  t.is(reading.state, 'fresh');
});

test('the same sample again and again grows old, however young the agent calls it', (t) => {
  let held = holdSnapshot(ok(snapshot({ ageMs: 120 })), null, 0);
  for (const [nowMs, state] of [
    [1_000, 'fresh'],
    [2_880, 'fresh'],
    [2_881, 'stale'],
    [60_000, 'stale'],
  ] as const) {
    held = holdSnapshot(ok(snapshot({ ageMs: 120 })), held, nowMs);
    t.is(read(held, null, nowMs, options).state, state, `${nowMs}`);
  }
  const reading = read(held, null, 60_000, options);
  t.like(reading, { ageMs: 60_120, code: 'agent-stale' });
  t.regex(
    reading.state === 'stale' ? reading.detail : '',
    /same sample again and again and calls it 120 ms old; expected at most 3000 ms, got 60120 ms/,
  );
  // one lost answer in between forgets nothing
  held = holdSnapshot(err(silence), held, 62_000);
  held = holdSnapshot(ok(snapshot({ ageMs: 120 })), held, 64_000);
  t.is(read(held, null, 64_000, options).state, 'stale');
  // another sample, though the wall clock went back
  held = holdSnapshot(ok(snapshot({ ageMs: 120, takenAtMs: 1 })), held, 66_000);
  t.like(read(held, null, 66_000, options), { state: 'fresh', ageMs: 120 });
});

test('an agent that says how old its last sample has become is believed, and one asked twice between samples is fresh', (t) => {
  const first = holdSnapshot(ok(snapshot({ ageMs: 100 })), null, 0);
  const asked = holdSnapshot(ok(snapshot({ ageMs: 900 })), first, 800);
  t.like(read(asked, null, 800, options), { state: 'fresh', ageMs: 900 });
  const hangs = holdSnapshot(ok(snapshot({ ageMs: 5_100 })), asked, 5_000);
  const reading = read(hangs, null, 5_000, options);
  t.is(
    reading.state === 'stale' ? reading.detail : '',
    formatProblem(agentStale(url, { ageMs: 5_100, staleAfterMs: 3_000, repeatedAsMs: null })),
  );
});

test('unknown stays unknown, and only the configured parts of the TCP queues count', (t) => {
  const held = holdSnapshot(ok(snapshot()), null, 0);
  const all = read(held, null, 0, options);
  const without = read(held, null, 0, { ...options, tcpQueueParts: ['receive', 'accept'] });
  t.is(all.state === 'fresh' ? all.utilisation.bandwidth : 0, null);
  t.is(all.state === 'fresh' ? all.utilisation.tcpQueues : 0, 0.1, 'no queue of bytes is full');
  t.is(all.state === 'fresh' ? all.fullestQueue : 0, 0.75);
  t.is(without.state === 'fresh' ? without.fullestQueue : 0, 0.25);
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
  limit: null,
  totalSessions: 100,
  responses1xx: 1,
  responses2xx: 50,
  responses3xx: 5,
  responses4xx: 7,
  responses5xx: 11,
  connectionErrors: 13,
  responseErrors: 17,
  retries: 23,
  redispatches: 19,
  throttlePercent: null,
  upForMs: 1_000,
};

test('1xx to 4xx are work done; 5xx, connection and response errors are errors', (t) => {
  t.deepEqual(countersOf(row), {
    ok: 63,
    errors: 41,
    clientErrors: 7,
    redispatches: 19,
    retries: 23,
    started: 100,
    queued: 0,
  });
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
  t.deepEqual(countersOf(tcp), {
    ok: 100 - 3 - 30,
    errors: 30,
    clientErrors: 0,
    redispatches: 19,
    retries: 23,
    started: 100,
    queued: 0,
  });
});

test('counters that jump back (a reload) give no traffic, not a negative one', (t) => {
  const none = { ok: 0, errors: 0, clientErrors: 0, redispatches: 0, retries: 0, started: 0, queued: 0 };
  t.is(trafficBetween({ ...none, ok: 100 }, { ...none, ok: 3 }), null);
  t.is(trafficBetween(null, { ...none, ok: 3 }), null);
  t.deepEqual(trafficBetween({ ...none, ok: 1, errors: 1 }, { ...none, ok: 3, errors: 2 }), {
    ok: 2,
    errors: 1,
    clientErrors: 0,
  });
});

test('redispatches are errors, at once, of a server that did nothing but refuse; one that also answers is full', (t) => {
  const before = { ok: 10, errors: 0, clientErrors: 0, redispatches: 40, retries: 0, started: 0, queued: 0 };
  t.deepEqual(trafficBetween(before, { ...before, redispatches: 45 }), { ok: 0, errors: 5, clientErrors: 0 });
  t.deepEqual(trafficBetween(before, { ...before, ok: 11, redispatches: 45 }), { ok: 1, errors: 0, clientErrors: 0 });
});

test('an agent is asked at the address that HAProxy has, IPv6 in brackets, unless one is configured', (t) => {
  const template = 'http://{address}:9477';
  t.deepEqual(agentUrl({ name: 'a', address: '10.0.0.1' }, template, {}), ok('http://10.0.0.1:9477'));
  t.deepEqual(agentUrl({ name: 'a', address: 'fd00::1' }, template, {}), ok('http://[fd00::1]:9477'));
  t.deepEqual(agentUrl({ name: 'a', address: '10.0.0.1' }, template, { a: 'http://h:1/' }), ok('http://h:1'));
  t.deepEqual(agentUrl({ name: 'a', address: '' }, 'http://{server}.lan:1', {}), ok('http://a.lan:1'));
  t.false(agentUrl({ name: 'constructor', address: '' }, template, {}).ok);
});
