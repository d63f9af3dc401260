import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import test from 'ava';
import { ClosedLoop } from '../../../testbed/rig/load/closed-loop.ts';
import { OpenLoop, type OpenLoopOptions, type Trouble } from '../../../testbed/rig/load/open-loop.ts';
import { Tally } from '../../../testbed/rig/load/tally.ts';
import { until } from '../../support/until.ts';

const good = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-server: s1\r\n\r\n';
const bad = 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n';

interface Answering extends AsyncDisposable {
  readonly target: { readonly host: string; readonly port: number; readonly path: string };
  readonly connections: number;
}

/** A server that does with request N (from 0, over all connections) what `answer` says. */
async function serve(answer: (socket: Socket, request: number, onConnection: number) => void): Promise<Answering> {
  let requests = 0;
  let connections = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    connections += 1;
    let onConnection = 0;
    sockets.add(socket);
    socket.on('error', () => {}).on('data', () => answer(socket, requests++, onConnection++));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port, path: '/' },
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), 'close');
    },
  };
}

function openLoop(server: Answering, requestsPerSecond: number, options: Partial<OpenLoopOptions> = {}): OpenLoop {
  return new OpenLoop({
    targets: [server.target],
    requestsPerSecond,
    timeoutMs: 60_000,
    retryReused: false,
    ...options,
  });
}

/** Waits for so many of them; all that it took until then. */
async function takeUntil(what: string, load: OpenLoop, isEnough: (seen: Tally) => boolean): Promise<Tally> {
  const seen = new Tally();
  await until(what, () => {
    seen.addAll(load.take());
    return isEnough(seen);
  });
  return seen;
}

test('closed loop: every request is counted once, over the connections that are there', async (t) => {
  await using server = await serve((socket) => socket.write(good));
  using load = new ClosedLoop({ target: server.target, connections: 4, timeoutMs: 60_000 });
  const tally = await load.run(1_000);
  t.is(tally.requests, 1_000);
  t.is(tally.failed, 0);
  t.is(tally.latencies.count, 1_000);
  t.deepEqual([...tally.served], [['s1', 1_000]]);
  await load.run(10);
  t.is(server.connections, 4);
});

test('closed loop: a 503, a broken connection, half an answer and no answer are failures of their kinds', async (t) => {
  await using server = await serve((socket, request) => {
    if (request === 10) socket.write(bad);
    else if (request === 20) socket.destroy();
    else if (request === 30) socket.end(good.slice(0, 20));
    // request 40 waits for ever
    else if (request !== 40) socket.write(good);
  });
  using load = new ClosedLoop({ target: server.target, connections: 2, timeoutMs: 5_000 });
  const tally = await load.run(100);
  t.is(tally.requests, 100);
  t.deepEqual(Object.fromEntries(tally.failures), { 503: 1, broken: 2, timeout: 1 });
  t.is(tally.latencies.count, 96);
});

test('closed loop: nobody there is a failure of every request', async (t) => {
  // a port that nobody gets by chance
  using load = new ClosedLoop({ target: { host: '127.0.0.1', port: 1, path: '/' }, connections: 2, timeoutMs: 60_000 });
  t.deepEqual(Object.fromEntries((await load.run(10)).failures), { broken: 10 });
});

test('open loop: the rate is kept, and latency counts from the intended time', async (t) => {
  const stallMs = 400;
  await using server = await serve((socket, request) => {
    if (request === 50) setTimeout(() => socket.write(good), stallMs);
    else socket.write(good);
  });
  const startedMs = performance.now();
  const load = openLoop(server, 500);
  const seen = await takeUntil('200 answers', load, ({ requests }) => requests >= 200);
  // the last one was sent before this
  const atMost = ((performance.now() - startedMs) / 1_000) * 500 + 1;
  await load.stop();
  seen.addAll(load.take());
  t.is(seen.failed, 0);
  t.true((seen.latencies.maxMs ?? 0) >= stallMs * 0.99);
  t.true(seen.requests <= atMost, `${seen.requests} of at most ${atMost}`);
});

test('open loop: a stall of this process is in the latencies, and told', async (t) => {
  const stallMs = 300;
  await using server = await serve((socket) => socket.write(good));
  const load = openLoop(server, 200);
  const end = performance.now() + stallMs;
  while (performance.now() < end);
  const seen = await takeUntil('answers', load, ({ requests }) => requests >= 100);
  t.true((seen.latencies.maxMs ?? 0) >= stallMs * 0.9);
  t.true(load.takeLatestMs() >= stallMs * 0.9);
  t.true(load.takeLatestMs() <= stallMs, 'it is told once');
  await load.stop();
});

/** Closes a connection when a second request comes over it, as a server whose time-out was a moment ago. */
const closesReused = (socket: Socket, _: number, onConnection: number) =>
  onConnection === 0 ? socket.write(good) : socket.destroy();

test('open loop: what a reused connection did not answer is sent once more where asked, and told', async (t) => {
  await using server = await serve(closesReused);
  const troubles: Trouble[] = [];
  const load = openLoop(server, 100, { retryReused: true, onTrouble: (trouble) => troubles.push(trouble) });
  await until('retries', () => troubles.length >= 5);
  await load.stop();
  const tally = load.take();
  t.is(tally.failed, 0);
  t.true(troubles.every(({ retried, outcome }) => retried && outcome.kind === 'broken'));
});

test('open loop: and is a failure where not', async (t) => {
  await using server = await serve(closesReused);
  const load = openLoop(server, 100);
  const seen = await takeUntil('failures', load, ({ failed }) => failed >= 3);
  await load.stop();
  t.deepEqual([...seen.failures.keys()], ['broken']);
});

test('open loop: nor is half an answer sent again: somebody has seen the request', async (t) => {
  await using server = await serve((socket, _, onConnection) => {
    if (onConnection === 0) socket.write(good);
    else socket.end(good.slice(0, 20));
  });
  const load = openLoop(server, 100, { retryReused: true });
  const seen = await takeUntil('failures', load, ({ failed }) => failed >= 3);
  await load.stop();
  t.deepEqual([...seen.failures.keys()], ['broken']);
});

test('open loop: a new connection that breaks is a failure, not sent again', async (t) => {
  await using server = await serve((socket) => socket.destroy());
  let retried = 0;
  const load = openLoop(server, 100, {
    retryReused: true,
    onTrouble: (trouble) => (retried += trouble.retried ? 1 : 0),
  });
  await takeUntil('failures', load, ({ failed }) => failed >= 3);
  await load.stop();
  t.is(retried, 0);
});

test('open loop: no answer within the limit is a time-out', async (t) => {
  await using server = await serve(() => {});
  const load = openLoop(server, 50, { timeoutMs: 1_000, retryReused: true });
  const seen = await takeUntil('time-outs', load, ({ failed }) => failed >= 3);
  await load.stop();
  t.deepEqual([...seen.failures.keys()], ['timeout']);
});
