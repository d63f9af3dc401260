import test from 'ava';
import { conditionsOf } from '../../../testbed/simulator/conditions.ts';
import type { Request } from '../../../testbed/simulator/request.ts';
import { type OneHaproxyOptions, oneHaproxy } from './one-haproxy.ts';

/* All as HAProxy 2.6.12 does; docs/simulation.md says how that was found. */

function setUp(options: Partial<OneHaproxyOptions> = {}) {
  const world = oneHaproxy({ servers: 1, threads: 100, ...options });
  const { haproxy, send } = world;
  const sendMany = (count: number) => Array.from({ length: count }, send);
  const finish = (request: Request | undefined) => request !== undefined && haproxy.answered(request, 20);
  const seen = () => ({ served: haproxy.lines.map(({ served }) => served), queued: haproxy.queued });
  return { ...world, sendMany, finish, seen };
}

const down = conditionsOf([{ kind: 'crash', server: 's1', fromSeconds: 0 }]);
const bounded = { minconn: 1, maxconn: 500, fullconn: 1_000 };

test('with every server at its maxconn requests wait, and the oldest goes to the server that gets a slot free', async (t) => {
  const { sendMany, finish, seen, row } = setUp({ servers: 2, maxconn: 2 });
  const requests = sendMany(7);
  t.deepEqual(seen(), { served: [2, 2], queued: 3 });
  t.like(await row('s1'), { limit: 2, queued: 0, currentSessions: 2, totalSessions: 2 });
  t.like(await row('BACKEND'), { limit: null, queued: 3, currentSessions: 7 });
  finish(requests[1]);
  t.deepEqual(seen(), { served: [2, 2], queued: 2 });
  t.is(requests[4]?.server, 1, 'where the slot was, whatever roundrobin has next');
  t.is(requests[5]?.server, -1);
});

for (const balance of ['roundrobin', 'leastconn'] as const) {
  test(`${balance} passes over a server at its limit`, (t) => {
    const { haproxy, sendMany, seen } = setUp({ servers: 2, maxconn: 9, balance });
    haproxy.setLimit('s1', 1, 0);
    sendMany(6);
    t.deepEqual(seen(), { served: [1, 5], queued: 0 });
  });
}

test('under random a request waits where the better of its two draws is full, though another server has room', (t) => {
  const { haproxy, sendMany, seen } = setUp({ servers: 2, maxconn: 500, balance: 'random' });
  haproxy.setWeight('s2', 1);
  haproxy.setLimit('s1', 1, 0);
  haproxy.setLimit('s2', 500, 0);
  sendMany(20);
  t.is(seen().served[0], 1);
  t.true(seen().queued > 0);
});

test('a limit with minconn is the part of maxconn that is in use of fullconn, waiting requests included', (t) => {
  const { sendMany, finish, seen } = setUp(bounded);
  const requests = sendMany(4);
  // 4 in the backend: the limit is 2 by now, but a queue is only looked at when a request ends
  t.deepEqual(seen(), { served: [1], queued: 3 });
  finish(requests[0]);
  t.deepEqual(seen(), { served: [2], queued: 1 }, 'the one that ends still counts');
  finish(requests[1]);
  t.deepEqual(seen(), { served: [1], queued: 1 }, 'half of 3 is 1');
});

test('raising a limit lets waiting requests go at once', async (t) => {
  const { runtime, sendMany, seen } = setUp({ maxconn: 1 });
  sendMany(5);
  await runtime.setLimits('simulated', [{ server: 's1', limit: 3 }]);
  t.deepEqual(seen(), { served: [3], queued: 2 });
  const unknown = await runtime.setLimits('simulated', [{ server: 's9', limit: 3 }]);
  t.is(unknown.ok ? '' : unknown.error.code, 'server-missing');
});

test('lowering a limit takes nothing back', (t) => {
  const { haproxy, sendMany, finish, seen } = setUp({ maxconn: 3 });
  const requests = sendMany(5);
  haproxy.setLimit('s1', 1, 0);
  t.deepEqual(seen(), { served: [3], queued: 2 });
  for (const request of requests.slice(0, 2)) finish(request);
  t.deepEqual(seen(), { served: [1], queued: 2 });
  finish(requests[2]);
  t.deepEqual(seen(), { served: [1], queued: 1 });
});

test('removing a limit releases nobody who waits, and new ones under roundrobin wait behind them', async (t) => {
  const { haproxy, sendMany, finish, seen, row } = setUp({ maxconn: 1 });
  const requests = sendMany(3);
  haproxy.setLimit('s1', 0, 0);
  t.like(await row('s1'), { limit: null });
  sendMany(1);
  t.deepEqual(seen(), { served: [1], queued: 3 });
  finish(requests[0]);
  t.deepEqual(seen(), { served: [0], queued: 3 });
});

test('a maxconn set to the minconn makes the limit static for good', (t) => {
  const { haproxy, sendMany, seen } = setUp(bounded);
  haproxy.setLimit('s1', 1, 0);
  haproxy.setLimit('s1', 3, 0);
  sendMany(5);
  t.deepEqual(seen(), { served: [3], queued: 2 });
});

test('a server at weight 0 takes nobody who waits, and neither does it when the weight is back', (t) => {
  const { haproxy, sendMany, finish, seen } = setUp({ maxconn: 1 });
  const requests = sendMany(3);
  haproxy.setWeight('s1', 0);
  finish(requests[0]);
  t.deepEqual(seen(), { served: [0], queued: 2 });
  haproxy.setWeight('s1', 100);
  sendMany(1);
  t.deepEqual(seen(), { served: [0], queued: 3 });
});

test('a server that comes up takes waiting requests up to its limit', (t) => {
  const { machines, haproxy, sendMany, seen } = setUp({ servers: 2, maxconn: 2 });
  const [, dead] = machines;
  dead?.become(down, 0);
  for (let second = 1; second <= 3; second += 1) haproxy.check(1, second * 1_000);
  sendMany(6);
  t.deepEqual(seen(), { served: [2, 0], queued: 4 });
  dead?.become(conditionsOf([]), 4_000);
  for (const second of [5, 6]) haproxy.check(1, second * 1_000);
  t.deepEqual(seen(), { served: [2, 2], queued: 2 });
});

test('after timeout queue the client gets 503, which the backend counts and no server', async (t) => {
  const { haproxy, measures, sendMany, finish, seen, row } = setUp({ maxconn: 1 });
  const [first, second, third] = sendMany(3);
  if (second !== undefined) haproxy.queueTimedOut(second, 5_000);
  t.is(measures.failures.queueTimeout, 1);
  t.like(await row('BACKEND'), { connectionErrors: 1, responses5xx: 1, queued: 1, currentSessions: 2 });
  t.like(await row('s1'), { connectionErrors: 0, responses5xx: 0 });
  finish(first);
  t.is(third?.server, 0, 'one that has left takes no slot');
  t.deepEqual(seen(), { served: [1], queued: 0 });
});

test('a server that refuses frees its slot for the next that waits, however many fail', (t) => {
  const { machines, measures, sendMany, finish, seen } = setUp({ maxconn: 1 });
  const requests = sendMany(20_000);
  machines[0]?.become(down, 0);
  finish(requests[0]);
  t.deepEqual(seen(), { served: [0], queued: 0 });
  t.is(measures.failures.refused, 19_999);
  t.true(requests.every(({ over }) => over));
});
