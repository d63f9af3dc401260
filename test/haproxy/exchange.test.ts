import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { exchange } from '../../haproxy/exchange.ts';
import { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { parseSocketAddress } from '../../haproxy/socket-address.ts';
import { formatProblem } from '../../shared/contract/problem.ts';
import { freePort } from '../../testbed/rig/ports.ts';
import { rootTest } from '../support/root.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { stateReply } from './recorded.ts';
import { codeOf, expectOk } from './setup.ts';

/** A server in HAProxy's place that answers commands as told. */
async function listener(answer: (client: Socket) => void) {
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    client.on('error', () => {}).once('data', () => answer(client));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = async () => {
    for (const client of clients) client.destroy();
    server.close();
    await once(server, 'close');
  };
  return { socket: `127.0.0.1:${(server.address() as AddressInfo).port}`, [Symbol.asyncDispose]: close };
}

const half = stateReply.slice(0, stateReply.length / 2);

test('a socket that never answers is given up at the deadline', async (t) => {
  await using silent = await listener(() => {});
  const started = performance.now();
  const result = await new RuntimeApi({ socket: silent.socket, timeoutMs: 100 }).info();
  t.is(codeOf(result), 'haproxy-timeout');
  t.true(performance.now() - started >= 98);
});

test('the deadline covers the whole reply, also one that arrives byte by byte', async (t) => {
  await using slow = await listener((client) => {
    const drip = setInterval(() => client.write('1'), 10);
    client.on('close', () => clearInterval(drip));
  });
  t.is(codeOf(await new RuntimeApi({ socket: slow.socket, timeoutMs: 150 }).info()), 'haproxy-timeout');
});

test('half a reply, then nothing, is an error and not a shorter list', async (t) => {
  await using stuck = await listener((client) => client.write(half));
  t.is(codeOf(await new RuntimeApi({ socket: stuck.socket, timeoutMs: 100 }).servers()), 'haproxy-timeout');
});

test('half a reply, then a reset, is an error and not a shorter list', async (t) => {
  await using broken = await listener((client) => client.write(half, () => client.resetAndDestroy()));
  t.is(codeOf(await new RuntimeApi({ socket: broken.socket }).servers()), 'haproxy-incomplete');
});

test('a reply that ends within a line or between two is an error and not a shorter list', async (t) => {
  for (const text of [half, stateReply.slice(0, stateReply.indexOf('4 api'))]) {
    await using cut = await listener((client) => client.end(text));
    t.is(codeOf(await new RuntimeApi({ socket: cut.socket }).servers()), 'haproxy-reply');
  }
});

test('a connection closed without a reply is an error', async (t) => {
  await using mute = await listener((client) => client.end());
  t.is(codeOf(await new RuntimeApi({ socket: mute.socket }).level()), 'haproxy-incomplete');
  t.is(
    codeOf(await new RuntimeApi({ socket: mute.socket }).setWeights('b', [{ server: 's', weight: 1 }])),
    'haproxy-incomplete',
  );
});

test('an endless reply is cut off at the limit', async (t) => {
  const chunk = 'x'.repeat(10_000);
  await using endless = await listener((client) => {
    const pour = () => {
      while (client.write(chunk));
    };
    client.on('drain', pour);
    pour();
  });
  const address = expectOk(parseSocketAddress(endless.socket, 'socket'));
  const result = await exchange('show stat', { address, where: 'socket', timeoutMs: 30_000, maxReplyBytes: 1_000_000 });
  t.is(codeOf(result), 'haproxy-reply');
});

test('after fewer answers than commands the weights are unknown', async (t) => {
  await using short = await listener((client) => client.end('\n'));
  const changes = ['a', 'b'].map((server) => ({ server, weight: 1 }));
  t.is(codeOf(await new RuntimeApi({ socket: short.socket }).setWeights('web', changes)), 'haproxy-incomplete');
});

test('any text in the reply to a batch is an error, also without its line feed', async (t) => {
  await using odd = await listener((client) => client.end('\nTrailing garbage in weight string\n\n'));
  const changes = ['a', 'b'].map((server) => ({ server, weight: 1 }));
  const result = await new RuntimeApi({ socket: odd.socket }).setWeights('web', changes);
  t.like(result, { ok: false, error: { code: 'haproxy-refused', got: '"Trailing garbage in weight string"' } });
});

test('a reply of another protocol is an error', async (t) => {
  await using http = await listener((client) => client.end('HTTP/1.1 400 Bad Request\r\n\r\n<html>'));
  const result = await new RuntimeApi({ socket: http.socket }).servers('web');
  if (result.ok) return t.fail();
  t.is(result.error.code, 'haproxy-reply');
  t.regex(formatProblem(result.error), /^127\.0\.0\.1:\d+: .*HTTP\/1\.1 400 Bad Request/);
});

test('the next call works after one that failed', async (t) => {
  let calls = 0;
  await using moody = await listener((client) => {
    calls += 1;
    if (calls > 1) client.end('admin\n\n');
  });
  const api = new RuntimeApi({ socket: moody.socket, timeoutMs: 1_000 });
  const [first, second] = await Promise.all([api.level(), api.level()]);
  t.is(codeOf(first), 'haproxy-timeout');
  t.is(expectOk(second), 'admin');
});

test('a missing socket, a file, a directory and a socket without a listener are told apart', async (t) => {
  await using folder = await temporaryFolder();
  const path = (name: string) => join(folder.path, name);
  await writeFile(path('file'), '');
  const code = async (socket: string) => codeOf(await new RuntimeApi({ socket }).info());
  t.is(await code(path('gone')), 'socket-missing');
  t.is(await code(path('gone/admin.sock')), 'socket-missing');
  t.is(await code(path('file/admin.sock')), 'socket-missing');
  t.is(await code(path('file')), 'socket-not-a-socket');
  t.is(await code(folder.path), 'socket-not-a-socket');
  t.is(await code(`127.0.0.1:${await freePort()}`), 'socket-refused');
});

test('a missing folder is told from a missing HAProxy', async (t) => {
  await using folder = await temporaryFolder();
  const fix = async (name: string) => {
    const result = await new RuntimeApi({ socket: join(folder.path, name) }).info();
    return result.ok ? null : (result.error.fix ?? '');
  };
  t.regex((await fix('admin.sock')) ?? '', /^Is HAProxy running\?/);
  const missing = join(folder.path, 'gone');
  t.true(
    (await fix('gone/admin.sock'))?.startsWith(`There is no folder ${missing}. In a container: mount there the volume`),
  );
});

test('a socket that HAProxy left behind is reported as refused', async (t) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'left.sock');
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await promisify(execFile)(process.execPath, ['-e', script]).catch(() => {});
  t.is(codeOf(await new RuntimeApi({ socket: path }).info()), 'socket-refused');
});

const nobody = 65_534;
// only another user is kept from opening root's socket
rootTest('a socket that this user may not open', async (t) => {
  await using folder = await temporaryFolder();
  await chmod(folder.path, 0o755);
  const path = join(folder.path, 'admin.sock');
  const server = createServer().listen(path);
  await once(server, 'listening');
  await chmod(path, 0o600);
  const module = new URL('../../haproxy/runtime-api.ts', import.meta.url).href;
  // it changes to the user nobody only after it has read its files
  const script = `const { RuntimeApi } = await import(${JSON.stringify(module)});
    process.setgroups([]); process.setgid(${nobody}); process.setuid(${nobody});
    console.log(JSON.stringify(await new RuntimeApi({ socket: ${JSON.stringify(path)} }).info()));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  server.close();
  const { error } = JSON.parse(stdout);
  t.is(error.code, 'socket-permission');
  t.regex(formatProblem(error), /user nobody may not open.*usermod -aG haproxy/);
});

test('an invalid address is refused before anything is opened', (t) => {
  t.throws(() => new RuntimeApi({ socket: 'admin.sock' }), { message: /stats socket.*admin\.sock/ });
});

test('an HTTP port is named as what it is', async (t) => {
  const answer = 'HTTP/1.1 400 Bad request\r\nContent-length: 0\r\nConnection: close\r\n\r\n';
  await using http = await listener((client) => client.end(answer));
  const result = await new RuntimeApi({ socket: http.socket }).info();
  t.regex(
    result.ok ? '' : formatProblem(result.error),
    /this is an HTTP server.*expected the address of a 'stats socket' line/,
  );
});

test('a connection that is closed without a word says which ports do that', async (t) => {
  await using tls = await listener((client) => client.end());
  const result = await new RuntimeApi({ socket: tls.socket }).info();
  t.regex(result.ok ? '' : formatProblem(result.error), /got closed without an answer\. .*'accept-proxy'.*frontend/);
});
