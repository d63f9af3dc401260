import type { Socket } from 'node:net';
import type { Guest } from './connection-gate.ts';
import type { Owner } from './turns.ts';

/** A connection from its first packet to its last, as limits see it. */
export class Visitor implements Guest, Owner {
  readonly address: string;
  readonly socket: Socket;
  known = false;
  /** Whether this connection or, lately, another one of its address has shown what is asked of clients. */
  comesFirst: boolean;
  /** The last byte is sent: the kernel cannot reset it then, and Node.js would lose its descriptor in the attempt. */
  isEnding = false;
  activeMs = performance.now();
  /** What happens when time is over. */
  onLate = () => this.drop();
  #deadlineMs = Number.POSITIVE_INFINITY;

  constructor(address: string, socket: Socket, firstMs: number, comesFirst = false) {
    this.address = address;
    this.socket = socket;
    this.comesFirst = comesFirst;
    this.allow(firstMs);
  }

  get isGone(): boolean {
    return this.socket.destroyed;
  }

  /** For what it does next, in ms. */
  allow(ms: number): void {
    this.#deadlineMs = performance.now() + ms;
  }

  isLate(nowMs: number): boolean {
    return nowMs > this.#deadlineMs;
  }

  /** Resets it, so that the kernel does not keep what was not read. */
  drop(): void {
    if (this.isEnding) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }
}
