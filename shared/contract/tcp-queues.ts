import type { TcpQueues } from './snapshot.ts';

export const queueParts = ['receive', 'send', 'accept'] as const;
export type QueuePart = (typeof queueParts)[number];

/** A connection whose queue is over this part of its buffer has a full one. The publication's threshold. */
export const fullQueue = 0.9;

/**
 * A share of fewer connections than this counts as one of this many: a client that reads slowly, or three of them on a server
 * with little else to do, fill buffers without overload.
 */
const leastConnections = 10;

/**
 * How full a server's TCP queues are, 0 to 1: the worst of the parts. Receive and send queues by the share of connections whose
 * queue is full, since one of them says nothing about the server; the accept queue by its own ratio. An older agent tells
 * only the fullest queue of each kind, which counts as one connection. Pure.
 */
export function queueUtilisation(raw: TcpQueues, parts: readonly QueuePart[] = queueParts): number {
  const { receive, send, accept, sockets } = raw;
  const { total, receiveFull, sendFull } = raw.connections ?? {
    total: sockets,
    receiveFull: isFull(receive) ? 1 : 0,
    sendFull: isFull(send) ? 1 : 0,
  };
  const share = (full: number) => Math.min(1, full / Math.max(leastConnections, total));
  const of = { receive: share(receiveFull), send: share(sendFull), accept: accept?.ratio ?? 0 };
  return Math.max(0, ...parts.map((part) => of[part]));
}

/** The fullest single queue of the parts, 0 to 1, as the publication has it. Pure. */
export function fullestQueue(raw: TcpQueues, parts: readonly QueuePart[]): number {
  return Math.max(0, ...parts.map((part) => raw[part]?.ratio ?? 0));
}

function isFull(queue: { readonly ratio: number } | null): boolean {
  return queue !== null && queue.ratio > fullQueue;
}
