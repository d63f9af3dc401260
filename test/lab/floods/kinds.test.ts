import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import test from 'ava';
import { kindNames, kindOf } from '../../../lab/floods/kinds.ts';

/** Kinds that send nothing by themselves. */
const mute = ['silent', 'connect and close', 'tls handshakes'];

for (const kind of kindNames) {
  test(`${kind}: it sends what it floods with`, async (t) => {
    let received = 0;
    const server = createServer((socket) => {
      socket.on('data', ({ length }) => {
        received += length;
      });
      socket.on('error', () => {});
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    const act = await kindOf(kind).act('/v1/status');
    act(socket);
    if (mute.includes(kind)) t.is(socket.bytesWritten, 0);
    else while (received === 0) await new Promise(setImmediate);
    socket.destroy();
    server.close();
    t.true(mute.includes(kind) || received > 0);
  });
}

test('docs/security.md says what each kind does', (t) => {
  const text = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
  for (const kind of kindNames) t.true(text.includes(`| ${kind} |`), kind);
});
