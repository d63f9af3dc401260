import test from 'ava';
import fc from 'fast-check';
import { computeTcpQueues, tcpQueuesCollector, WorstQueues } from '../../../agent/collectors/tcp-queues.ts';
import { refusalOf, type SocketSource } from '../../../agent/kernel/socket-diagnostics.ts';
import { type BatchEnd, readBatch, SocketMessage } from '../../../agent/kernel/socket-messages.ts';
import { ok } from '../../../shared/contract/result.ts';
import { RecordedTree, recordedSocketDump } from '../support.ts';

/** The number that the recorded request carried. */
const sequence = 7;

const recordedSource: SocketSource = {
  dump(visit) {
    let sockets = 0;
    for (const view of recordedSocketDump()) {
      readBatch(view, sequence, new SocketMessage(), (socket) => {
        sockets += 1;
        visit(socket);
      });
    }
    return ok(sockets);
  },
};

const receive = {
  queuedBytes: 128_512,
  bufferBytes: 131_072,
  ratio: 128_512 / 131_072,
  local: '[::1]:18082',
  peer: '[::1]:50282',
};
const send = {
  queuedBytes: 3_782_144,
  bufferBytes: 4_194_304,
  ratio: 3_782_144 / 4_194_304,
  local: '[::1]:50282',
  peer: '[::1]:18082',
};
const accept = { waitingConnections: 3, backlog: 2, ratio: 1, local: '127.0.0.1:18081' };

test('of a host it is the fullest queue of each kind, as ss showed it at the recording', (t) => {
  using tree = new RecordedTree('host');
  const read = tcpQueuesCollector(tree.surroundings({ kind: 'host' }), recordedSource, 0).read(0);
  if (!read.ok) return t.fail(read.error.detail);
  t.deepEqual(read.value, {
    ...{ receive, send, accept, sockets: 10 },
    connections: { total: 8, receiveFull: 1, sendFull: 1 },
  });
  t.like(computeTcpQueues({ first: null, last: { atMs: 0, reading: read.value } }), { status: 'ok', utilisation: 1 });
});

test('waiting connections never enter the ratios of bytes', (t) => {
  const queues = new WorstQueues();
  for (const view of recordedSocketDump()) {
    readBatch(view, sequence, new SocketMessage(), (socket) => {
      if (socket.state === 10) queues.add(socket);
    });
  }
  const connections = { total: 0, receiveFull: 0, sendFull: 0 };
  t.deepEqual(queues.reading(), { receive: null, send: null, accept, sockets: 2, connections });
});

/** A listening socket of the recorded dump, with other numbers in it. */
function acceptRatio(waitingConnections: number, backlog: number): number {
  const queues = new WorstQueues();
  const [view] = recordedSocketDump();
  const message = new SocketMessage();
  let ratio = Number.NaN;
  if (view === undefined) return ratio;
  readBatch(view, sequence, message, (socket) => {
    if (socket.state !== 10) return;
    Object.defineProperty(socket, 'receiveQueue', { value: waitingConnections, configurable: true });
    Object.defineProperty(socket, 'sendQueue', { value: backlog, configurable: true });
    queues.add(socket);
    ratio = queues.reading().accept?.ratio ?? Number.NaN;
  });
  return ratio;
}

test('an accept queue is full with one connection more than the backlog, as in the kernel', (t) => {
  t.is(acceptRatio(129, 128), 1);
  t.is(acceptRatio(43, 128), 43 / 129);
  t.is(acceptRatio(6, 5), 1);
});

test('a connection or two that wait for a daemon with a tiny backlog do not mean overload', (t) => {
  const threshold = 0.8;
  for (const [waiting, backlog] of [
    [1, 0],
    [1, 1],
    [2, 1],
    [1, 5],
    [4, 5],
  ] as const) {
    t.true(acceptRatio(waiting, backlog) < threshold, `${waiting} of ${backlog}`);
  }
  t.is(acceptRatio(3, 1), 1, 'from three on it does not keep up');
});

test('of a process its listening sockets and connections to them count, and no others', (t) => {
  using tree = new RecordedTree('host');
  const inodes = new Map<string, number>();
  recordedSource.dump((socket) => inodes.set(`${socket.local} ${socket.state}`, socket.inode));
  tree.link('/proc/700/ns/net', 'net:[1]');
  tree.link('/proc/self/ns/net', 'net:[1]');
  tree.link('/proc/710/fd/9', `socket:[${inodes.get('[::1]:18082 10')}]`);
  tree.link('/proc/700/fd/0', '/dev/null');
  const surroundings = tree.surroundings({ kind: 'pid', pid: 700 });
  if (surroundings.target.kind === 'process') surroundings.target.tree.refresh();
  const collector = tcpQueuesCollector(surroundings, recordedSource, 0);
  for (const round of [1, 2, 3, 4]) {
    const read = collector.read(round);
    if (!read.ok) return t.fail(read.error.detail);
    t.like(read.value, { receive, send: { ratio: 0 }, accept: { local: '[::1]:18082', backlog: 128 }, sockets: 2 });
  }
});

test('of a process in another network namespace no sockets are shown', (t) => {
  using tree = new RecordedTree('host');
  tree.link('/proc/700/ns/net', 'net:[2]');
  tree.link('/proc/self/ns/net', 'net:[1]');
  const surroundings = tree.surroundings({ kind: 'pid', pid: 700 });
  if (surroundings.target.kind === 'process') surroundings.target.tree.refresh();
  const read = tcpQueuesCollector(surroundings, recordedSource, 0).read(0);
  t.like(read, { ok: false, error: { reason: 'not-supported' } });
});

test('a dump that answers another request, is cut short or was disturbed is refused', (t) => {
  const [view] = recordedSocketDump();
  if (view === undefined) return t.fail('nothing recorded');
  const refused = (end: BatchEnd) => typeof end === 'object';
  t.true(refused(readBatch(view, sequence + 1, new SocketMessage(), () => undefined)));
  const cut = new DataView(view.buffer, view.byteOffset, 100);
  t.true(refused(readBatch(cut, sequence, new SocketMessage(), () => undefined)));
  const disturbed = new DataView(new Uint8Array(view.buffer.slice(0)).buffer);
  disturbed.setUint16(6, disturbed.getUint16(6, true) | 0x10, true);
  t.true(refused(readBatch(disturbed, sequence, new SocketMessage(), () => undefined)));
});

test('no bytes make reading throw, and ratios stay within 0 to 1', (t) => {
  const [recorded] = recordedSocketDump();
  if (recorded === undefined) return t.fail('nothing recorded');
  const original = new Uint8Array(recorded.buffer);
  const damage = fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { maxLength: 40 });
  fc.assert(
    fc.property(damage, (changes) => {
      const bytes = Uint8Array.from(original);
      for (const [offset, value] of changes) bytes[offset] = value;
      const queues = new WorstQueues();
      readBatch(new DataView(bytes.buffer), sequence, new SocketMessage(), (socket) => queues.add(socket));
      const { receive: worstReceive, send: worstSend, accept: worstAccept } = queues.reading();
      return [worstReceive, worstSend, worstAccept].every((worst) => {
        const ratio = worst?.ratio ?? 0;
        return ratio >= 0 && ratio <= 1;
      });
    }),
    { seed: 1 },
  );
  t.pass();
});

test('what forbids socket diagnostics is told from a kernel without them', (t) => {
  for (const errno of [1, 13, 97]) t.like(refusalOf(errno), { reason: 'no-permission' });
  t.regex(refusalOf(13).detail, /SELinux, seccomp, or RestrictAddressFamilies=/);
  t.like(refusalOf(93), { reason: 'not-supported' });
});
