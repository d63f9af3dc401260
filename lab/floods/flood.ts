import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { type KindName, kindOf } from './kinds.ts';

/** What a flood is told: its only argument, as JSON. */
export interface FloodOrder {
  readonly kind: KindName;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Addresses that it comes from. */
  readonly from: readonly string[];
  /** Connections that it keeps open, over all addresses. */
  readonly places: number;
}

/** What it answers to any message. */
export interface FloodReport {
  readonly opened: number;
  readonly failed: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** Pause of a place before it connects again, in ms. */
const pauseMs = 2;
/** Most connections that are begun in a millisecond. Beyond it a machine of two cores would measure the flood. */
const mostPerMs = 3;
/** It ends by itself, so that nothing is flooded for ever. */
const longestMs = 120_000;

/*
 * One flood in a process of its own: `node lab/floods/flood.ts ORDER`. It keeps its places occupied: where a connection is
 * closed, another one is opened. It ends with its parent.
 */
const order = JSON.parse(process.argv[2] ?? '{}') as FloodOrder;
const { tls, act: actOn, largeAnswers = false } = kindOf(order.kind);
const act = await actOn(order.path);
const count = { opened: 0, failed: 0, sentBytes: 0, receivedBytes: 0 };
/** The next address of each place that is free. */
const free = Array.from({ length: order.places }, (_, place) => place);

function occupy(place: number): void {
  const { host, port, from } = order;
  const localAddress = from[place % from.length];
  const where = { host, port, allowHalfOpen: true, ...(localAddress === undefined ? {} : { localAddress }) };
  const begin = () => {
    count.opened += 1;
    act(socket);
  };
  const socket: Socket =
    tls === 'spoken' ? connectTls({ ...where, rejectUnauthorized: false }, begin) : connect(where, begin);
  socket.on('error', () => {
    count.failed += 1;
  });
  if (!largeAnswers) {
    socket.on('data', ({ length }) => {
      count.receivedBytes += length;
    });
  }
  // the other side has closed: a place is not kept for what nobody hears
  if (order.kind !== 'half-closed') socket.on('end', () => socket.destroy());
  socket.once('close', () => {
    count.sentBytes += socket.bytesWritten;
    setTimeout(() => free.push(place), pauseMs);
  });
}

process.on('message', () => process.send?.(count));
process.on('disconnect', () => process.exit());
setTimeout(() => process.exit(), longestMs);
for (;;) {
  for (const place of free.splice(0, mostPerMs)) occupy(place);
  await sleep(1);
}
