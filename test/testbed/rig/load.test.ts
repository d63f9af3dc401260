import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { planArrivals } from '../../../testbed/rig/arrivals.ts';
import { type LoadOptions, type Outcome, sendLoad } from '../../../testbed/rig/load.ts';

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, [Symbol.asyncDispose]: close };
}

async function send(options: Pick<LoadOptions, 'url' | 'arrivals'> & Partial<LoadOptions>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  await sendLoad({
    deadlineMs: 30_000,
    maxInFlight: 100,
    signal: new AbortController().signal,
    onOutcome: (outcome) => outcomes.push(outcome),
    ...options,
  });
  return outcomes;
}

const at = (...timesMs: readonly number[]) => timesMs.map((atMs) => ({ atMs, demandCpuMs: 1 }));

test('it sends what the plan says, when the plan says, and reports who answered', async (t) => {
  const asked: string[] = [];
  await using server = await serve((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('x-server', 's7').end();
  });
  const arrivals = planArrivals({
    seed: 1,
    phaseSeconds: 1,
    requestsPerSecond: 100,
    meanDemandCpuMs: 6,
    demandVariation: 1,
  });
  const outcomes = await send({ url: server.url, arrivals });
  t.deepEqual(
    outcomes.map(({ atMs }) => atMs).sort((a, b) => a - b),
    arrivals.map(({ atMs }) => atMs),
  );
  t.true(outcomes.every(({ server: name, failure, lagMs }) => name === 's7' && failure === null && lagMs >= 0));
  t.is(asked.length, arrivals.length);
  t.is(asked[0], `/work?cpuMs=${arrivals[0]?.demandCpuMs.toFixed(3)}`);
});

test('a slow server does not slow the load down, and times count from the intended start', async (t) => {
  const waiting: ServerResponse[] = [];
  await using server = await serve((_request, response) => {
    waiting.push(response);
    // nobody is answered before all have asked
    if (waiting.length === 4) for (const each of waiting) each.end();
  });
  const outcomes = await send({ url: server.url, arrivals: at(0, 50, 100, 150) });
  t.deepEqual(
    outcomes.map(({ failure }) => failure),
    [null, null, null, null],
  );
  t.true(outcomes.every(({ endedAtMs }) => endedAtMs >= 149));
});

test('a generator that was late adds its lateness to the response time and reports it', async (t) => {
  await using server = await serve((_request, response) => response.end());
  const running = send({ url: server.url, arrivals: at(20) });
  const until = performance.now() + 120;
  while (performance.now() < until);
  const [outcome] = await running;
  t.true((outcome?.lagMs ?? 0) >= 80, `${outcome?.lagMs}`);
  t.true((outcome?.endedAtMs ?? 0) - 20 >= (outcome?.lagMs ?? 0));
});

test('no answer by the deadline, an error status and a broken connection are failures', async (t) => {
  await using server = await serve((request, response) => {
    if (request.url?.endsWith('=2.000')) response.writeHead(503).end();
    if (request.url?.endsWith('=3.000')) request.socket.destroy();
  });
  const arrivals = [1, 2, 3].map((demandCpuMs, index) => ({ atMs: index * 20, demandCpuMs }));
  const outcomes = await send({ url: server.url, arrivals, deadlineMs: 2_000 });
  const byStart = outcomes.sort((a, b) => a.atMs - b.atMs);
  t.deepEqual(
    byStart.map(({ failure }) => failure),
    ['deadline', 'status', 'connection'],
  );
  const givenUpAtMs = byStart[0]?.endedAtMs ?? 0;
  t.true(givenUpAtMs >= 1_999 && givenUpAtMs < 10_000, `${givenUpAtMs}`);
});

test('one more than may be on their way fails before it is sent; one that has ended makes room', async (t) => {
  let asked = 0;
  await using server = await serve(() => {
    asked++;
  });
  // the last one comes when the deadline of the first two is over
  const outcomes = await send({ url: server.url, arrivals: at(0, 0, 0, 900), deadlineMs: 600, maxInFlight: 2 });
  t.deepEqual(
    outcomes.map(({ atMs, failure }) => [atMs, failure]),
    [
      [0, 'too-many-in-flight'],
      [0, 'deadline'],
      [0, 'deadline'],
      [900, 'deadline'],
    ],
  );
  t.true(asked <= 3, `${asked} were sent`);
});

test('told to stop, it gives up what is on its way and sends nothing more', async (t) => {
  const stop = new AbortController();
  await using server = await serve(() => stop.abort());
  const outcomes = await send({ url: server.url, arrivals: at(0, 60_000), signal: stop.signal });
  t.deepEqual(
    outcomes.map(({ failure }) => failure),
    ['stopped'],
  );
});
