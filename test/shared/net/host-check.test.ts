import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import test from 'ava';
import fc from 'fast-check';
import { plain } from '../../../shared/net/answer.ts';
import { allowedNames, foreignHost } from '../../../shared/net/host-check.ts';
import { serve } from './support.ts';

/** Our own server with these options, and what it answers to the bytes of one request. */
async function serving(
  options: { token?: string; host?: string; insecure?: boolean; allowHosts?: readonly string[] } = {},
) {
  const { token = null, host = '127.0.0.1', insecure = false, allowHosts = [] } = options;
  const routes = { '/v1/status': () => plain('a secret'), '/healthz': () => plain('ok') };
  const server = await serve({ listen: { host, port: 0 }, token, insecure, allowHosts, routes });
  const ask = async (head: string) => {
    const socket = connect(server.address.port, '127.0.0.1');
    socket.write(`${head}\r\nconnection: close\r\n\r\n`);
    const answer = await text(socket);
    return { status: Number(answer.split(' ')[1]), body: answer.split('\r\n\r\n')[1] ?? '' };
  };
  return { ask, [Symbol.asyncDispose]: () => server.close() };
}

const get = (host: string, target = '/v1/status') => `GET ${target} HTTP/1.1\r\nHost: ${host}`;

for (const host of [
  '127.0.0.1',
  '127.0.0.1:9476',
  '127.8.9.10:80',
  'localhost',
  'LocalHost:9476',
  'localhost.',
  'localhost.:9476',
  '[::1]',
  '[::1]:9476',
  '[0:0:0:0:0:0:0:1]:9476',
  '[::ffff:127.0.0.1]',
  ' localhost ',
]) {
  test(`on loopback, "${host}" is a name of this machine`, async (t) => {
    await using server = await serving();
    t.deepEqual(await server.ask(get(host)), { status: 200, body: 'a secret\n' });
  });
}

for (const host of [
  'evil.example',
  'evil.example:9476',
  'EVIL.example.',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  'evil.localhost',
  'notlocalhost',
  'user@127.0.0.1',
  'localhost@evil.example',
  '127.0.0.1:9476@evil.example',
  '127.0.0.1:x',
  '127.0.0.1:123456',
  '127.0.0.1/',
  '127.0.0.1 evil.example',
  '127.0.0.1,evil.example',
  '127.1',
  '2130706433',
  '0x7f.0.0.1',
  '127.0.0.1..',
  '0.0.0.0',
  '192.168.0.7',
  '::1',
  '[::1',
  '[::]',
  '[::1%lo]',
  '[fe80::1]',
  '[::ffff:10.0.0.1]',
  '[evil.example]',
  'xn--lcalhost-94a',
  '',
  `${'a'.repeat(3_000)}.example`,
]) {
  test(`on loopback without a token, "${host.slice(0, 40)}" is refused in one line that says how to fix it`, async (t) => {
    await using server = await serving();
    for (const path of ['/v1/status', '/healthz', '/no/such/path']) {
      const { status, body } = await server.ask(get(host, path));
      t.is(status, 421, path);
      t.regex(body, /^[\x20-\x7e]{1,400}\n$/);
      t.regex(body, /localhost.*--allow-host/);
    }
  });
}

test('whatever is taken for this machine is loopback to a browser too', (t) => {
  const piece = fc.constantFrom(
    '127.0.0.1',
    'localhost',
    '[::1]',
    '::1',
    '127.',
    '0',
    '.',
    ':',
    '80',
    '@',
    '[',
    ']',
    'evil.example',
    'ffff',
    '%',
    'x',
    ' ',
    '7f00',
  );
  const host = fc.oneof(
    fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
    fc.string({ maxLength: 30 }),
  );
  let taken = 0;
  fc.assert(
    fc.property(host, (text) => {
      if (foreignHost({ hosts: [text], authority: null }, allowedNames([])) !== null) return;
      taken += 1;
      const { hostname, username } = new URL(`http://${text.trim()}`.replace(/:\d+$/, ''));
      t.regex(hostname, /^(127\.\d+\.\d+\.\d+|localhost\.?|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]+\])$/);
      t.is(username, '');
    }),
    { numRuns: 20_000, seed: 1 },
  );
  t.true(taken > 100, `${taken}`);
});

test('no Host header, two of them, and a target with another host are refused', async (t) => {
  await using server = await serving();
  const without = await server.ask('GET /v1/status HTTP/1.0');
  t.is(without.status, 421);
  t.regex(without.body, /got no Host header/);
  t.is((await server.ask('GET /v1/status HTTP/1.1\r\naccept: */*')).status, 400, 'HTTP/1.1 must have one');
  for (const second of ['evil.example', 'localhost']) {
    const twice = await server.ask(`${get('localhost')}\r\nhost: ${second}`);
    t.is(twice.status, 421);
    t.regex(twice.body, /got 2 Host headers/);
  }
  t.is((await server.ask(get('localhost', 'http://evil.example/v1/status'))).status, 421);
  t.is((await server.ask(get('evil.example', 'http://localhost/v1/status'))).status, 421);
  t.is((await server.ask(get('localhost', 'HTTP://u@localhost/v1/status'))).status, 421);
  t.is((await server.ask(get('localhost', 'http:///v1/status'))).status, 421);
  t.is((await server.ask(get('localhost:1', 'http://127.0.0.1:1/v1/status?x'))).body, 'a secret\n');
});

test('with a token, every Host name is answered to who has it, and none to who has not', async (t) => {
  const token = 'a-token-of-at-least-16-characters';
  await using server = await serving({ token });
  t.is((await server.ask(get('evil.example'))).status, 401);
  t.is((await server.ask(`${get('status.example')}\r\nauthorization: Bearer ${token}`)).status, 200);
});

test('an address that other machines reach, with --insecure, is asked by any name', async (t) => {
  await using server = await serving({ host: '0.0.0.0', insecure: true });
  t.is((await server.ask(get('web1.example:9477'))).status, 200);
});

test('names that are allowed are taken in every form, others still not', async (t) => {
  await using server = await serving({ allowHosts: ['Status.example', '[FD00::0:1]', 'fd00::2', '10.1.2.3'] });
  for (const host of ['status.example', 'STATUS.example.:443', '[fd00::1]:80', '[fd00:0::2]', '10.1.2.3:1']) {
    t.is((await server.ask(get(host))).status, 200, host);
  }
  for (const host of ['x.status.example', 'status.example.org', '[fd00::3]', '10.1.2.30']) {
    t.is((await server.ask(get(host))).status, 421, host);
  }
});

test('listening on localhost by name or on another loopback address changes nothing', async (t) => {
  await using server = await serving({ host: 'localhost' });
  t.is((await server.ask(get('127.0.0.1'))).status, 200);
  t.is((await server.ask(get('evil.example'))).status, 421);
});
