import { err, ok, type Result } from '../../shared/contract/result.ts';
import type { AcceptQueue, Metric, SocketQueue } from '../../shared/contract/snapshot.ts';
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

/** The worst of the three ratios; bytes and connections stay apart in `raw`. */
export function computeTcpQueues({ last }: Window<TcpQueuesReading>): Metric<'tcpQueues'> {
  const { receive, send, accept } = last.reading;
  const ratios = [receive, send, accept].map((worst) => worst?.ratio ?? 0);
  return { status: 'ok', utilisation: Math.max(...ratios), raw: last.reading };
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

/** Keeps the fullest queue of each kind while sockets pass by. */
export class WorstQueues {
  #receive: SocketQueue | null = null;
  #send: SocketQueue | null = null;
  #accept: AcceptQueue | null = null;
  #sockets = 0;

  add(socket: SocketMessage): void {
    this.#sockets += 1;
    if (socket.state === tcpState.listen) this.#addListening(socket);
    else this.#addConnected(socket);
  }

  reading(): TcpQueuesReading {
    return { receive: this.#receive, send: this.#send, accept: this.#accept, sockets: this.#sockets };
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
    this.#receive = fuller(this.#receive, socket, socket.receiveQueue, socket.receiveBufferBytes);
    this.#send = fuller(this.#send, socket, socket.sendQueue, socket.sendBufferBytes);
  }
}

/** A socket whose buffer the kernel does not tell is unknown, not empty. */
function fuller(worst: SocketQueue | null, socket: SocketMessage, queuedBytes: number, bufferBytes: number) {
  if (bufferBytes === 0) return worst;
  const ratio = clampRatio(queuedBytes / bufferBytes);
  if (worst !== null && ratio <= worst.ratio) return worst;
  return { queuedBytes, bufferBytes, ratio, local: socket.local, peer: socket.peer };
}
