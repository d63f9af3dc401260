import { err, ok, type Result } from '../../shared/contract/result.ts';
import type { AcceptQueue, Connections, Metric, SocketQueue } from '../../shared/contract/snapshot.ts';
import { fullQueue, queueUtilisation } from '../../shared/contract/tcp-queues.ts';
import { clampRatio } from '../kernel/numbers.ts';
import type { SocketSource } from '../kernel/socket-diagnostics.ts';
import { type SocketMessage, tcpState } from '../kernel/socket-messages.ts';
import type { Unavailable } from '../kernel/unavailable.ts';
import { OwnSockets } from '../scope/own-sockets.ts';
import type { Surroundings } from '../scope/target.ts';
import type { Collector, Window } from './collector.ts';

/** The worst of each kind; null where there is no such socket. */
export interface TcpQueuesReading {
  readonly receive: SocketQueue | null;
  readonly send: SocketQueue | null;
  readonly accept: AcceptQueue | null;
  readonly sockets: number;
  readonly connections: Connections;
}

export function tcpQueuesCollector(
  surroundings: Surroundings,
  source: SocketSource,
  everyMs: number,
): Collector<'tcpQueues', TcpQueuesReading> {
  const { target, files } = surroundings;
  const own = target.kind === 'process' ? new OwnSockets(files, target) : null;
  return {
    name: 'tcpQueues',
    everyMs,
    compute: computeTcpQueues,
    read() {
      if (own === null) return scan(source, () => true);
      const foreign = own.begin();
      return foreign === null ? scan(source, (socket) => own.isOwn(socket)) : err(foreign);
    },
  };
}

/** Bytes and connections stay apart in `raw`. */
export function computeTcpQueues({ last: { reading } }: Window<TcpQueuesReading>): Metric<'tcpQueues'> {
  return { status: 'ok', utilisation: queueUtilisation(reading), raw: reading };
}

function scan(source: SocketSource, counts: (socket: SocketMessage) => boolean): Result<TcpQueuesReading, Unavailable> {
  const worst = new WorstQueues();
  const dumped = source.dump((socket) => {
    if (counts(socket)) worst.add(socket);
  });
  return dumped.ok ? ok(worst.reading()) : err(dumped.error);
}

/** A daemon with a backlog of 0 or 1 is full with every burst: only from this many waiting connections on is it slow. */
const leastAcceptQueue = 3;

/** Keeps the fullest queue of each kind, and counts the full ones, while sockets pass by. */
export class WorstQueues {
  #receive: SocketQueue | null = null;
  #send: SocketQueue | null = null;
  #accept: AcceptQueue | null = null;
  #sockets = 0;
  readonly #connections = { total: 0, receiveFull: 0, sendFull: 0 };

  add(socket: SocketMessage): void {
    this.#sockets += 1;
    if (socket.state === tcpState.listen) this.#addListening(socket);
    else this.#addConnected(socket);
  }

  reading(): TcpQueuesReading {
    const connections = { ...this.#connections };
    return { receive: this.#receive, send: this.#send, accept: this.#accept, sockets: this.#sockets, connections };
  }

  /** Here the queue numbers are connections, not bytes. */
  #addListening(socket: SocketMessage): void {
    const [waitingConnections, backlog] = [socket.receiveQueue, socket.sendQueue];
    // The kernel lets one connection more wait than the backlog says.
    const ratio = clampRatio(waitingConnections / Math.max(leastAcceptQueue, backlog + 1));
    if (this.#accept !== null && ratio <= this.#accept.ratio) return;
    this.#accept = { waitingConnections, backlog, ratio, local: socket.local };
  }

  #addConnected(socket: SocketMessage): void {
    const { receiveQueue, receiveBufferBytes, sendQueue, sendBufferBytes } = socket;
    const receiveRatio = ratioOf(receiveQueue, receiveBufferBytes);
    const sendRatio = ratioOf(sendQueue, sendBufferBytes);
    this.#connections.total += 1;
    if (receiveRatio !== null && receiveRatio > fullQueue) this.#connections.receiveFull += 1;
    if (sendRatio !== null && sendRatio > fullQueue) this.#connections.sendFull += 1;
    if (isFuller(receiveRatio, this.#receive))
      this.#receive = queueOf(socket, receiveQueue, receiveBufferBytes, receiveRatio);
    if (isFuller(sendRatio, this.#send)) this.#send = queueOf(socket, sendQueue, sendBufferBytes, sendRatio);
  }
}

/** null: the kernel does not tell the buffer, so the queue is unknown, not empty. */
function ratioOf(queuedBytes: number, bufferBytes: number): number | null {
  return bufferBytes === 0 ? null : clampRatio(queuedBytes / bufferBytes);
}

function isFuller(ratio: number | null, worst: SocketQueue | null): ratio is number {
  return ratio !== null && (worst === null || ratio > worst.ratio);
}

function queueOf({ local, peer }: SocketMessage, queuedBytes: number, bufferBytes: number, ratio: number): SocketQueue {
  return { queuedBytes, bufferBytes, ratio, local, peer };
}
