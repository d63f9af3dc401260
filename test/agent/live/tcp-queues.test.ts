import test from 'ava';
import { WorstQueues } from '../../../agent/collectors/tcp-queues.ts';
import { SocketDiagnostics } from '../../../agent/kernel/socket-diagnostics.ts';
import { tcpState } from '../../../agent/kernel/socket-messages.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Connections, LiveApp, untilMeasured } from './support.ts';

/** The kernel's dump of the sockets with this local port, so that sockets of other tests stay out. */
function queuesOf(diagnostics: SocketDiagnostics, port: number) {
  const worst = new WorstQueues();
  const dumped = diagnostics.dump((socket) => {
    if (socket.localPort === port) worst.add(socket);
  });
  if (!dumped.ok) throw new Error(dumped.error.detail);
  return worst.reading();
}

test("a connection that is not read fills its receive queue and its peer's send queue", async (t) => {
  await using app = await LiveApp.start('listen', 16);
  using connections = new Connections();
  const socket = await connections.open(app.port);
  const clientPort = socket.localPort ?? 0;
  using diagnostics = new SocketDiagnostics();
  const chunk = Buffer.alloc(1 << 20, 1);
  const [theirs, ours] = await until('both queues over 0.9', () => {
    // Node keeps what the kernel does not take, so a few chunks more than the buffers hold are enough
    if (socket.writableLength < 8 * chunk.length) socket.write(chunk);
    const both = [queuesOf(diagnostics, app.port), queuesOf(diagnostics, clientPort)] as const;
    return (both[0].receive?.ratio ?? 0) > 0.9 && (both[1].send?.ratio ?? 0) > 0.9 ? both : null;
  });
  t.is(theirs.receive?.peer, `127.0.0.1:${clientPort}`);
  t.is(ours.send?.peer, `127.0.0.1:${app.port}`);
  t.true((theirs.receive?.queuedBytes ?? 0) > 10_000);
  const { raw, utilisation } = await untilMeasured({ kind: 'port', port: app.port }, {}, ({ tcpQueues }) =>
    tcpQueues.status === 'ok' && (tcpQueues.raw.receive?.ratio ?? 0) > 0.9 ? tcpQueues : null,
  );
  t.is(raw.accept?.waitingConnections, 0);
  t.is(raw.sockets, 2);
  t.deepEqual(raw.connections, { total: 1, receiveFull: 1, sendFull: 0 });
  t.true(utilisation < 0.5, `${utilisation}: one connection says nothing about the server`);
});

test('connections of which none is read mean an application that does not keep up', async (t) => {
  await using app = await LiveApp.start('listen', 32);
  using connections = new Connections();
  const sockets = await Promise.all(Array.from({ length: 12 }, () => connections.open(app.port)));
  const chunk = Buffer.alloc(1 << 20, 1);
  const { raw } = await untilMeasured({ kind: 'port', port: app.port }, {}, ({ tcpQueues }) => {
    for (const socket of sockets) if (socket.writableLength < 8 * chunk.length) socket.write(chunk);
    return tcpQueues.status === 'ok' && tcpQueues.utilisation === 1 ? tcpQueues : null;
  });
  t.deepEqual(raw.connections, { total: 12, receiveFull: 12, sendFull: 0 });
});

test('a download that its client has paused is no overload of the server', async (t) => {
  await using app = await LiveApp.start('send', 32);
  using connections = new Connections();
  (await connections.open(app.port)).pause();
  const { raw, utilisation } = await untilMeasured({ kind: 'port', port: app.port }, {}, ({ tcpQueues }) =>
    tcpQueues.status === 'ok' && (tcpQueues.raw.send?.ratio ?? 0) > 0.8 ? tcpQueues : null,
  );
  t.is(raw.connections?.total, 1);
  t.true(utilisation <= 0.1, `${utilisation}`);
});

test('an application that does not accept fills its accept queue, and no byte ratio', async (t) => {
  await using app = await LiveApp.start('listen', 4);
  app.child.signal('SIGSTOP');
  using connections = new Connections();
  for (let count = 0; count < 5; count += 1) connections.begin(app.port);
  const raw = await untilMeasured({ kind: 'port', port: app.port }, {}, ({ tcpQueues }) =>
    tcpQueues.status === 'ok' && tcpQueues.utilisation > 0.9 ? tcpQueues.raw : null,
  );
  t.is(raw.accept?.backlog, 4);
  t.is(raw.accept?.ratio, 1);
  t.is(raw.accept?.local, `127.0.0.1:${app.port}`);
  t.true((raw.receive?.ratio ?? 0) < 0.1);
  t.true((raw.send?.ratio ?? 0) < 0.1);
});

test('the kernel dumps listening sockets before connections, over IPv4 and IPv6', async (t) => {
  using diagnostics = new SocketDiagnostics();
  await using app = await LiveApp.start('listen', 4);
  using connections = new Connections();
  await connections.open(app.port);
  for (let round = 0; round < 3; round += 1) {
    const states: number[] = [];
    const dumped = diagnostics.dump((socket) => states.push(socket.state));
    t.true(dumped.ok);
    const firstConnection = states.findIndex((state) => state !== tcpState.listen);
    t.true(firstConnection > 0);
    t.false(states.slice(firstConnection).includes(tcpState.listen));
  }
});

test('a dump works after an earlier one threw', async (t) => {
  await using app = await LiveApp.start('listen', 4);
  using diagnostics = new SocketDiagnostics();
  t.throws(() =>
    diagnostics.dump(() => {
      throw new Error('boom');
    }),
  );
  t.is(queuesOf(diagnostics, app.port).sockets, 1);
});
