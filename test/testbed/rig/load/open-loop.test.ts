import type { Socket } from 'node:net';
import test from 'ava';
import { requestsAt, steadyTimes } from '../../../../testbed/rig/load/arrivals.ts';
import { targetOf } from '../../../../testbed/rig/load/connection.ts';
import { OpenLoop, type OpenLoopOptions } from '../../../../testbed/rig/load/open-loop.ts';
import type { Outcome } from '../../../../testbed/rig/load/outcome.ts';
import { Tally } from '../../../../testbed/rig/load/tally.ts';
import { until } from '../../../../testbed/rig/wait.ts';
import { bad, closesReused, good, type RawServer, serve } from './raw-server.ts';

interface Running {
  readonly load: OpenLoop;
  readonly outcomes: readonly Outcome[];
}

function start(server: RawServer, options: Pick<OpenLoopOptions, 'requests'> & Partial<OpenLoopOptions>): Running {
  const outcomes: Outcome[] = [];
  const onOutcome = (outcome: Outcome) => outcomes.push(outcome);
  return { load: new OpenLoop({ targets: [server.target], deadlineMs: 30_000, onOutcome, ...options }), outcomes };
}

/** What became of requests at these times. */
async function send(
  server: RawServer,
  timesMs: readonly number[],
  options: Partial<OpenLoopOptions> = {},
): Promise<readonly Outcome[]> {
  const { load, outcomes } = start(server, { requests: requestsAt(timesMs, '/'), ...options });
  await load.done;
  return outcomes;
}

const steady = (perSecond: number) => ({ requests: requestsAt(steadyTimes(perSecond), '/') });
const failuresOf = (outcomes: readonly Outcome[]) => outcomes.map(({ failure }) => failure);

function tallyOf(outcomes: readonly Outcome[]): Tally {
  const tally = new Tally();
  for (const outcome of outcomes) tally.add(outcome);
  return tally;
}

test('it sends what it is given, when it is to, and reports who answered', async (t) => {
  await using server = await serve((socket) => socket.write(good));
  const requests = Array.from({ length: 100 }, (_, index) => ({ atMs: index * 7.5, path: `/work?n=${index}` }));
  const { load, outcomes } = start(server, { requests });
  await load.done;
  t.deepEqual(
    outcomes.map(({ atMs }) => atMs).sort((a, b) => a - b),
    requests.map(({ atMs }) => atMs),
  );
  for (const { server: name, status, failure, detail, lagMs, endedAtMs, atMs } of outcomes) {
    t.deepEqual([name, status, failure, detail], ['s1', 200, null, null]);
    t.true(lagMs >= 0 && endedAtMs >= atMs + lagMs);
  }
  t.deepEqual(server.paths.toSorted(), requests.map(({ path }) => path).toSorted());
});

test('a slow server does not slow the load down, and times count from the intended start', async (t) => {
  const waiting: Socket[] = [];
  await using server = await serve((socket) => {
    // no request is answered before all have come
    if (waiting.push(socket) === 4) for (const each of waiting) each.write(good);
  });
  const outcomes = await send(server, [0, 50, 100, 150]);
  t.deepEqual(failuresOf(outcomes), [null, null, null, null]);
  t.true(outcomes.every(({ endedAtMs }) => endedAtMs >= 149));
});

test('a rate is kept whatever became of the requests before', async (t) => {
  const stallMs = 400;
  await using server = await serve((socket, request) => {
    if (request === 50) setTimeout(() => socket.write(good), stallMs);
    else socket.write(good);
  });
  const { load, outcomes } = start(server, steady(500));
  await until('200 answers', () => outcomes.length >= 200);
  // the last one was sent before this
  const atMost = ((performance.now() - load.startedMs) / 1_000) * 500 + 1;
  await load.stop();
  const seen = tallyOf(outcomes);
  t.is(seen.failed, 0);
  t.true((seen.latencies.maxMs ?? 0) >= stallMs * 0.99);
  t.true(seen.requests <= atMost, `${seen.requests} of at most ${atMost}`);
});

test('a generator that was late adds its lateness to the response time and reports it', async (t) => {
  const stallMs = 300;
  await using server = await serve((socket) => socket.write(good));
  const { load, outcomes } = start(server, steady(200));
  const end = performance.now() + stallMs;
  while (performance.now() < end);
  await until('answers', () => outcomes.length >= 100);
  await load.stop();
  const seen = tallyOf(outcomes);
  t.true((seen.latencies.maxMs ?? 0) >= stallMs * 0.9);
  t.true(seen.maxLagMs >= stallMs * 0.9);
  t.true(outcomes.every(({ atMs, lagMs, endedAtMs }) => endedAtMs - atMs >= lagMs));
});

test('no answer by the deadline, an error status and a broken connection are failures', async (t) => {
  await using server = await serve((socket, request) => {
    if (request === 1) socket.write(bad);
    if (request === 2) socket.destroy();
  });
  const outcomes = (await send(server, [0, 20, 40], { deadlineMs: 2_000 })).toSorted((a, b) => a.atMs - b.atMs);
  t.deepEqual(failuresOf(outcomes), ['deadline', 'status', 'connection']);
  t.is(outcomes[1]?.status, 503);
  const givenUpAtMs = outcomes[0]?.endedAtMs ?? 0;
  t.true(givenUpAtMs >= 2_000 && givenUpAtMs < 10_000, `${givenUpAtMs}`);
});

test('one more than may be in flight fails before it is sent; one that has ended makes room', async (t) => {
  await using server = await serve(() => {});
  // the last one comes when the deadline of the first two is over
  const outcomes = await send(server, [0, 0, 0, 900], { deadlineMs: 600, maxInFlight: 2 });
  t.deepEqual(
    outcomes.map(({ atMs, failure }) => [atMs, failure]),
    [
      [0, 'too-many-in-flight'],
      [0, 'deadline'],
      [0, 'deadline'],
      [900, 'deadline'],
    ],
  );
  t.true(server.paths.length <= 3, `${server.paths.length} were sent`);
});

test('told to stop at once, it gives up what is on its way and sends nothing more', async (t) => {
  const stop = new AbortController();
  await using server = await serve(() => stop.abort());
  t.deepEqual(failuresOf(await send(server, [0, 60_000], { signal: stop.signal })), ['stopped']);
  t.deepEqual(await send(server, [0], { signal: stop.signal }), [], 'nor where it was told so before');
});

test('told to send no more, it waits for what is on its way', async (t) => {
  const waiting: Socket[] = [];
  await using server = await serve((socket) => waiting.push(socket));
  const { load, outcomes } = start(server, { requests: requestsAt([0, 60_000], '/') });
  await until('a request', () => waiting.length === 1);
  t.deepEqual(load.inFlight, [0]);
  const stopped = load.stop();
  for (const socket of waiting) socket.write(good);
  await stopped;
  t.deepEqual(failuresOf(outcomes), [null]);
  t.deepEqual(load.inFlight, []);
});

test('several targets are taken in turn', async (t) => {
  await using one = await serve((socket) => socket.write(good));
  await using other = await serve((socket) => socket.write(good.replace('s1', 's2')));
  const outcomes = await send(one, [0, 1, 2, 3, 4], { targets: [one.target, other.target] });
  t.deepEqual(
    outcomes.toSorted((a, b) => a.atMs - b.atMs).map(({ server }) => server),
    ['s1', 's2', 's1', 's2', 's1'],
  );
});

test('each request has a connection of its own where asked', async (t) => {
  await using server = await serve((socket) => socket.write(good));
  const outcomes = await send(server, [0, 20, 40], { newConnections: true });
  t.deepEqual(failuresOf(outcomes), [null, null, null]);
  t.is(server.connections, 3);
});

test('what a kept connection did not answer is sent once more where asked, and told', async (t) => {
  await using server = await serve(closesReused);
  const retried: Outcome[] = [];
  const { load, outcomes } = start(server, { ...steady(100), onRetry: (failed) => retried.push(failed) });
  await until('retries', () => retried.length >= 5);
  await load.stop();
  t.true(outcomes.every(({ failure }) => failure === null));
  t.true(retried.every(({ failure, detail }) => failure === 'connection' && /, reused connection$/.test(detail ?? '')));
});

test('and is a failure where not', async (t) => {
  await using server = await serve(closesReused);
  const { load, outcomes } = start(server, steady(100));
  await until('failures', () => tallyOf(outcomes).failed >= 3);
  await load.stop();
  t.deepEqual([...tallyOf(outcomes).failures.keys()], ['connection']);
});

test('half an answer is not asked for again: the server has seen the request', async (t) => {
  await using server = await serve((socket, _, onConnection) => {
    if (onConnection === 0) socket.write(good);
    else socket.end(good.slice(0, 20));
  });
  const { load, outcomes } = start(server, { ...steady(100), onRetry: () => t.fail() });
  await until('failures', () => tallyOf(outcomes).failed >= 3);
  await load.stop();
  const failed = outcomes.filter(({ failure }) => failure !== null);
  t.true(failed.every(({ failure }) => failure === 'connection'));
  t.is(failed[0]?.detail, 'closed, reused connection, half an answer');
});

test('nor is what broke on a new connection', async (t) => {
  await using server = await serve((socket) => socket.destroy());
  const { load, outcomes } = start(server, { ...steady(100), onRetry: () => t.fail() });
  await until('failures', () => outcomes.length >= 3);
  await load.stop();
  t.true(outcomes.every(({ failure }) => failure === 'connection'));
});

test('nor what was not answered in time', async (t) => {
  await using server = await serve(() => {});
  const { load, outcomes } = start(server, { ...steady(50), deadlineMs: 1_000, onRetry: () => t.fail() });
  await until('failures', () => outcomes.length >= 3);
  await load.stop();
  t.true(outcomes.every(({ failure }) => failure === 'deadline'));
});

test('a URL names a target, with the port of HTTP where it has none', (t) => {
  t.deepEqual(targetOf('http://127.0.0.1:9480/work'), { host: '127.0.0.1', port: 9480 });
  t.deepEqual(targetOf('http://192.0.2.10/'), { host: '192.0.2.10', port: 80 });
});
