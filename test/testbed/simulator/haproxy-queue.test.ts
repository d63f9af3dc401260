import test from 'ava';
import { conditionsOf } from '../../../testbed/simulator/conditions.ts';
import type { Request } from '../../../testbed/simulator/request.ts';
import { backendName } from '../../../testbed/simulator/runtime.ts';
import { type QueueOptions, type QueueWorld, queueRules, stepsOf } from '../../support/queue-rules.ts';
import { type OneHaproxyOptions, oneHaproxy } from './one-haproxy.ts';

/* The rules as a real HAProxy keeps them (test/haproxy/queue.test.ts), and what follows of them. */

function setUp(options: Partial<OneHaproxyOptions> = {}) {
  const world = oneHaproxy({ servers: 1, threads: 100, ...options });
  const { haproxy, send } = world;
  const sendMany = (count: number) => Array.from({ length: count }, send);
  const finish = (request: Request | undefined) => request !== undefined && haproxy.answered(request, 20);
  const seen = () => ({ served: haproxy.lines.map(({ served }) => served), queued: haproxy.queued });
  return { ...world, sendMany, finish, seen };
}

function simulatedWorld(options: QueueOptions): QueueWorld {
  const { haproxy, runtime, send } = oneHaproxy({ threads: 100, ...options });
  const requests: Request[] = [];
  return {
    api: runtime,
    backend: backendName,
    send: (count) => {
      for (let sent = 0; sent < count; sent += 1) requests.push(send());
    },
    finish: (number) => {
      const request = requests[number];
      if (request !== undefined) haproxy.answered(request, 20);
    },
    serverOf: (number) => {
      const server = requests[number]?.server ?? -1;
      return server === -1 ? null : server;
    },
  };
}

const down = conditionsOf([{ kind: 'crash', server: 's1', fromSeconds: 0 }]);

for (const { title, options, play } of queueRules) {
  test(title, async (t) => {
    await play(stepsOf(simulatedWorld(options), (actual, expected, why) => t.deepEqual(actual, expected, why)));
  });
}

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
