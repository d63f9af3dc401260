import http, { METHODS, type Server } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { say, serve } from './support.ts';

const token = 'a-token-of-at-least-16-characters';

async function start() {
  const server = await serve({ token });
  return { port: server.address.port, [Symbol.asyncDispose]: () => server.close() };
}

test("each event of Node's HTTP server has a handler", async (t) => {
  const create = http.createServer;
  const made: Server[] = [];
  http.createServer = ((...args: Parameters<typeof create>) => {
    const server = create(...args);
    made.push(server);
    return server;
  }) as typeof create;
  t.teardown(() => {
    http.createServer = create;
  });
  await using _running = await start();
  const [server] = made;
  // https://nodejs.org/docs/latest-v24.x/api/http.html#class-httpserver; `close`, `drop` and `listening` are of a server that listens
  const events = [
    'checkContinue',
    'checkExpectation',
    'clientError',
    'connect',
    'connection',
    'dropRequest',
    'request',
  ];
  for (const event of [...events, 'upgrade', 'timeout', 'error'])
    t.true((server?.listenerCount(event) ?? 0) > 0, event);
});

test("each method of Node's parser gets one answer", async (t) => {
  await using running = await start();
  for (const method of METHODS) {
    const target = method === 'CONNECT' ? 'a:1' : '/';
    const answer = await say(running.port, `${method} ${target} HTTP/1.1\r\nhost: a\r\n\r\n`, { end: true });
    t.regex(answer, /^HTTP\/1\.1 [45]\d\d /, method);
    t.is(answer.match(/HTTP\/1\.1 /g)?.length, 1, `${method}: ${answer}`);
  }
});

test('without a token a connection is kept for a short time only, with one as usual', async (t) => {
  await using running = await start();
  const keepAlive = async (headers: string) => {
    const answer = await say(running.port, `GET /healthz HTTP/1.1\r\nhost: a\r\n${headers}\r\n`, { end: true });
    return /keep-alive: timeout=(\d+)/i.exec(answer)?.[1];
  };
  t.is(await keepAlive(''), '5');
  t.is(await keepAlive(`authorization: Bearer ${token}\r\n`), '75');
});

test('a request in pieces of one byte is answered, and so is the next one on the same connection', async (t) => {
  await using running = await start();
  const socket = connect({ host: '127.0.0.1', port: running.port, noDelay: true });
  for (const byte of 'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(2)) {
    socket.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end();
  t.is((await text(socket)).match(/HTTP\/1\.1 200 /g)?.length, 2);
});

test('blank lines without an end are cut off', async (t) => {
  await using running = await start();
  const socket = connect({ host: '127.0.0.1', port: running.port }).on('error', () => undefined);
  socket.write('\r\n'.repeat(100_000));
  await new Promise((resolve) => socket.once('close', resolve));
  t.pass();
});
