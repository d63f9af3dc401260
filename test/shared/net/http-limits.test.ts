import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { plain } from '../../../shared/net/answer.ts';
import { limits } from '../../../shared/net/limits.ts';
import { silentLog } from '../../../shared/process/log.ts';
import { RenewedTls } from '../../../shared/tls/renewed-tls.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Authority, tlsTest } from '../../support/certificates.ts';
import { say, serve } from './support.ts';

/** A route that answers at once, and one that is large. */
async function start(tls: RenewedTls | null = null) {
  const large = () => plain('x'.repeat(64 * 1024 * 1024));
  const server = await serve({ tls, routes: { '/': () => plain('hello'), '/large': large } });
  const { port } = server.address;
  return { server, port, [Symbol.asyncDispose]: () => server.close() };
}

async function get(port: number, from: string, path = '/') {
  const sent = request({ host: '127.0.0.1', port, path, localAddress: from, agent: false });
  sent.end();
  const [response] = (await once(sent, 'response')) as [{ statusCode: number; headers: IncomingHttpHeaders }];
  return { status: response.statusCode, headers: response.headers, body: await text(response as never) };
}

/** Ended by either side, with or without an error. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once('close', () => resolve()));
}

function isOpen(socket: Socket): boolean {
  return !socket.destroyed;
}

/** Opens connections that send this, and then nothing more. */
function hold(port: number, count: number, from: string, bytes = ''): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from }).resume();
    socket.write(bytes);
    return socket.on('error', () => undefined);
  });
}

for (const [title, bytes, status] of [
  ['a request line that never ends', `GET /${'x'.repeat(10_000)}`, 431],
  ['headers that never end', `GET / HTTP/1.1\r\nhost: localhost\r\n${'a: b\r\n'.repeat(2_000)}`, 431],
  ['bytes that are no HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n', 400],
  ['a body', 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nhello', 413],
  ['a body of a GET', 'GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nhello', 413],
  [
    'a body in pieces',
    'POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    413,
  ],
  ['a body that is only announced', 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\n', 413],
  [
    'asking whether to send a body',
    'PUT / HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n',
    413,
  ],
] as const) {
  test(`${title} is answered with ${status}, and the connection closed`, async (t) => {
    await using running = await start();
    const answer = await say(running.port, bytes);
    t.regex(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    t.is(answer.match(/HTTP\/1\.1/g)?.length, 1, answer);
  });
}

test('a request that drips and a silent connection are closed within seconds', async (t) => {
  await using running = await start();
  const startedMs = performance.now();
  const slow = connect({ host: '127.0.0.1', port: running.port });
  const drip = setInterval(() => slow.write('x'), 200);
  let answer = '';
  slow
    .on('error', () => undefined)
    .on('data', (data) => {
      answer += String(data);
    });
  const [mute] = hold(running.port, 1, '127.0.0.1');
  slow.write('GET / HTTP/1.1\r\nx: ');
  await closed(slow);
  clearInterval(drip);
  t.regex(answer, /^HTTP\/1\.1 408 /);
  await until('the mute one is closed', () => mute !== undefined && !isOpen(mute));
  t.true(performance.now() - startedMs < 60_000);
});

test('a client that does not read its answer cannot hold it for ever', async (t) => {
  await using running = await start();
  const lazy = connect({ host: '127.0.0.1', port: running.port }).on('error', () => undefined);
  t.teardown(() => lazy.destroy());
  await once(lazy, 'connect');
  lazy.write('GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const other = lazy.localPort ?? 0;
  t.true(isEstablished(running.port, other));
  await until('the server has closed it', () => !isEstablished(running.port, other));
});

/** The kernel's state of the client's side of a connection on loopback. */
function isEstablished(local: number, remote: number): boolean {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');
  const line = new RegExp(`^ *\\d+: [0-9A-F]{8}:${hex(local)} [0-9A-F]{8}:${hex(remote)} 01 `, 'm');
  return line.test(readFileSync('/proc/net/tcp', 'utf8'));
}

// Serial: clients and server share a thread, whose CPU is what the server has a share of.
test.serial(
  'the rate holds for requests on one connection, and at the first one too many nothing is heard for a while',
  async (t) => {
    await using running = await start();
    const asked = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n';
    const [idle] = hold(running.port, 1, '127.0.0.2');
    const answer = await say(running.port, asked.repeat(5_000), { from: '127.0.0.2' });
    const fine = answer.match(/HTTP\/1\.1 200 /g)?.length ?? 0;
    t.true(fine >= limits.requests.burst - 2 && fine < 5_000, `${fine}`);
    t.is(answer.match(/HTTP\/1\.1 429 /g)?.length, 1, 'then the connection is closed');
    t.regex(answer, /\r\nretry-after: 1\r\n/);
    t.is(await say(running.port, asked, { from: '127.0.0.2' }), '', 'another one is closed unheard');
    await until('an idle one is closed, too', () => idle !== undefined && !isOpen(idle));
    t.is((await get(running.port, '127.0.0.1')).status, 200);
    await until('it is heard again', async () =>
      (
        await say(running.port, asked.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'), { from: '127.0.0.2' })
      ).startsWith('HTTP/1.1 200'),
    );
  },
);

test.serial('connections per address are limited, and a new address gets one even if hogs took all', async (t) => {
  await using running = await start();
  const { perAddress, total } = limits.connections;
  // kept open by a request, longer than this test waits, and fewer than the rate allows
  const asked = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n';
  const hogs = Array.from({ length: 10 }, (_, index) =>
    hold(running.port, perAddress + 10, `127.0.0.${index + 2}`, asked),
  );
  t.teardown(() => {
    for (const socket of hogs.flat()) socket.destroy();
  });
  const open = () => hogs.map((sockets) => sockets.filter(isOpen).length);
  await until(
    () => `no more than the limits: ${open()}`,
    () => open().every((count) => count <= perAddress) && open().reduce((a, b) => a + b) <= total,
  );
  t.is((await get(running.port, '127.0.0.1')).status, 200);
});

test.serial('as many addresses as there are places, with one idle connection each, keep nobody out', async (t) => {
  await using running = await start();
  const asked = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n';
  const kept = Array.from({ length: limits.connections.total }, (_, index) =>
    hold(running.port, 1, `127.1.${index >> 8}.${index & 255}`, asked),
  ).flat();
  t.teardown(() => {
    for (const socket of kept) socket.destroy();
  });
  await Promise.all(kept.map((socket) => once(socket, 'data')));
  t.is((await get(running.port, '127.0.0.1')).status, 200);
  await until('one had to go', () => kept.filter(isOpen).length === limits.connections.total - 1);
});

tlsTest('limits hold over TLS too, and an unfinished handshake is not waited for', async (t) => {
  using authority = new Authority();
  using tls = new RenewedTls(authority.issue('x', 'IP:127.0.0.1'), silentLog);
  await using running = await start(tls);
  const { perAddress } = limits.connections;
  const mute = hold(running.port, perAddress + 100, '127.0.0.2');
  await until('the limit', () => mute.filter(isOpen).length <= perAddress);
  t.true(mute.filter(isOpen).length > 0);
  await until('all are closed', () => mute.filter(isOpen).length === 0);
  const plainly = await say(running.port, 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n', { from: '127.0.0.3' });
  t.false(plainly.includes('hello'), plainly);
});
