import test from 'ava';
import type { TcpQueues } from '../../../shared/contract/snapshot.ts';
import { fullestQueue, queueParts, queueUtilisation } from '../../../shared/contract/tcp-queues.ts';

const nothing: TcpQueues = { receive: null, send: null, accept: null, sockets: 0 };
const queue = (ratio: number) => ({ queuedBytes: 1, bufferBytes: 1, ratio, local: 'a', peer: 'b' });
const accept = { waitingConnections: 6, backlog: 9, ratio: 0.6, local: 'a' };
const full = (total: number, receiveFull: number, sendFull = 0): TcpQueues => ({
  ...nothing,
  ...{ receive: queue(1), send: queue(1), connections: { total, receiveFull, sendFull } },
});

test('receive and send queues count by the share of connections that are full, the worse of both', (t) => {
  t.is(queueUtilisation(full(40, 10, 30)), 0.75);
  t.is(queueUtilisation(full(40, 10, 30), ['receive']), 0.25);
  t.is(queueUtilisation(full(40, 40)), 1);
  t.is(queueUtilisation(nothing), 0);
});

test('three full connections on a server with no others are no overload', (t) => {
  for (const count of [1, 2, 3]) t.true(queueUtilisation(full(count, count)) <= 0.3);
});

test('the accept queue counts as it is', (t) => {
  t.is(queueUtilisation({ ...full(100, 1), accept }), 0.6);
  t.is(queueUtilisation({ ...full(100, 1), accept }, ['receive', 'send']), 0.01);
});

test('of an older agent the fullest queue counts as one connection, and the accept queue as ever', (t) => {
  const older = { ...nothing, receive: queue(0.4), send: queue(0.95), accept, sockets: 21 };
  t.is(queueUtilisation(older, ['receive', 'send']), 1 / 21);
  t.is(queueUtilisation(older, ['receive']), 0);
  t.is(queueUtilisation(older), 0.6);
});

test('the publication has the fullest single queue', (t) => {
  t.is(fullestQueue({ ...full(100, 1), accept }, queueParts), 1);
  t.is(fullestQueue({ ...nothing, receive: queue(0.3), send: queue(0.95), accept }, ['receive', 'accept']), 0.6);
});
