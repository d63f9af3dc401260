import test from 'ava';
import { readBackend } from '../../../controller/observe/haproxy-view.ts';
import { conditionsOf, normalConditions } from '../../../testbed/simulator/conditions.ts';
import { Health } from '../../../testbed/simulator/health.ts';
import { backendName } from '../../../testbed/simulator/runtime.ts';
import { oneHaproxy } from './one-haproxy.ts';

const down = conditionsOf([{ kind: 'crash', server: 's1', fromSeconds: 0 }]);
const black = conditionsOf([{ kind: 'blackhole', server: 's1', fromSeconds: 0 }]);

test("counters are those of HAProxy's statistics, by the outcome of the request", async (t) => {
  const { machines, haproxy, send, row } = oneHaproxy({ servers: 1 });
  const [first, second] = [send(), send()];
  t.like(await row('s1'), { totalSessions: 2, currentSessions: 2, responses2xx: 0 });
  haproxy.answered(first, 20);
  t.like(await row('s1'), { currentSessions: 1, responses2xx: 1, responses5xx: 0, responseErrors: 0 });
  haproxy.timedOut(second, 20);
  t.like(await row('s1'), { currentSessions: 0, responses2xx: 1, responses5xx: 0, responseErrors: 1 });
  haproxy.broken({ ...first }, 20);
  t.like(await row('s1'), { responses5xx: 0, responseErrors: 2 });
  machines[0]?.become(black, 30);
  send();
  t.like(await row('s1'), { responses5xx: 1, responseErrors: 2, connectionErrors: 0 });
});

test('a refused connection is retried three times at most, and then counts for the last server', async (t) => {
  const { machines, measures, send, row } = oneHaproxy({ servers: 2 });
  machines[0]?.become(down, 0);
  t.is(send().server, 1);
  t.like(await row('s1'), { connectionErrors: 0, redispatches: 1, currentSessions: 0 });
  t.is(measures.retries, 1);
  machines[1]?.become(down, 0);
  t.is(measures.failures.refused, 0);
  send();
  t.is(measures.retries, 4);
  t.is(measures.failures.refused, 1);
  const rows = [await row('s1'), await row('s2')];
  t.is(
    rows.reduce((sum, each) => sum + (each?.connectionErrors ?? 0), 0),
    1,
  );
  t.is(
    rows.reduce((sum, each) => sum + (each?.currentSessions ?? 0), 0),
    1, // the very first request, whose end was not reported
  );
});

/* The next two as HAProxy 2.6.12 counts: `retry-on conn-failure empty-response 500`, `option redispatch 1`, `observe layer4`. */

test('with its own fast path HAProxy repeats a 500 elsewhere, and counts no answer but a retry', async (t) => {
  const { machines, measures, haproxy, send, row } = oneHaproxy({ servers: 2, fastPath: true });
  machines[0]?.become(black, 0);
  const request = send();
  t.is(request.server, 1);
  t.like(await row('s1'), { totalSessions: 1, responses5xx: 0, retries: 1, redispatches: 1, connectionErrors: 0 });
  t.is(measures.failures.status5xx, 0);
  haproxy.broken(request, 10);
  t.false(request.over, 'an empty answer is repeated, too');
  machines[1]?.become(black, 20);
  send();
  t.is(measures.failures.status5xx, 1, 'after three retries the error is answered');
  t.is(((await row('s1'))?.responses5xx ?? 0) + ((await row('s2'))?.responses5xx ?? 0), 1);
});

test('with its own fast path HAProxy takes a server down that refuses three connections', async (t) => {
  const { machines, haproxy, send, row } = oneHaproxy({ servers: 2, fastPath: true });
  machines[0]?.become(down, 0);
  for (let request = 0; request < 5; request += 1) haproxy.answered(send(), 0);
  t.like(await row('s1'), { totalSessions: 3, redispatches: 3, retries: 0, status: 'DOWN' });
  machines[0]?.become(normalConditions, 1_000);
  haproxy.check(0, 1_000);
  t.like(await row('s1'), { status: 'DOWN 1/2' });
  haproxy.check(0, 2_000);
  t.like(await row('s1'), { status: 'UP' });
});

test("the controller's own reader accepts the simulated statistics", async (t) => {
  const { haproxy, runtime, send } = oneHaproxy({ servers: 2 });
  send();
  t.deepEqual(await runtime.setWeights(backendName, [{ server: 's2', weight: 7 }]), { ok: true, value: undefined });
  for (let check = 0; check < 3; check += 1) haproxy.check(0, 1_000);
  const view = await readBackend(runtime, backendName);
  t.true(view.ok);
  if (!view.ok) return;
  t.is(view.value.algorithm, 'roundrobin');
  t.like(view.value.servers[0], { server: 's1', exclusion: null, inFlight: 1, upForMs: 10_000, haproxyStatus: 'UP' });
  t.like(view.value.servers[1], { configuredWeight: 100, currentWeight: 7, address: '10.0.0.1' });
  const unknown = await runtime.setWeights(backendName, [{ server: 's9', weight: 7 }]);
  t.is(unknown.ok ? '' : unknown.error.code, 'server-missing');
});

test('a server is down after three failed checks in a row and up after two that passed', (t) => {
  const health = new Health();
  const passed = [true, false, false, true, false, false, false, false, true, false, true, true, true];
  const seen = passed.map((each, second) => {
    health.check(each, second * 1_000);
    return `${health.status}, ${health.inStateForMs(second * 1_000 + 300)}`;
  });
  t.deepEqual(seen, [
    ...['UP, 0', 'UP 2/3, 1000', 'UP 1/3, 2000', 'UP, 3000', 'UP 2/3, 4000', 'UP 1/3, 5000', 'DOWN, 0', 'DOWN, 1000'],
    ...['DOWN 1/2, 2000', 'DOWN, 3000', 'DOWN 1/2, 4000', 'UP, 0', 'UP, 1000'],
  ]);
});
