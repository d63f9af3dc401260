import { BlockList, createServer, type Server, type Socket } from 'node:net';
import { addressGroup } from './address-group.ts';
import { Brake } from './brake.ts';
import { ConnectionGate, type ConnectionLimits } from './connection-gate.ts';
import { callersWithin, freeDescriptors } from './descriptors.ts';
import type { ExcessKind, ExcessReport } from './excess-report.ts';
import { limits } from './limits.ts';
import { RateLimiter } from './rate-limit.ts';
import type { Turns } from './turns.ts';
import { Visitor } from './visitor.ts';

/** Addresses of clients that have shown what is asked of them; beyond these, those that were silent longest are forgotten. */
const mostKnown = 64;
/** How often deadlines are looked at, in ms. */
const deadlinesMs = 1_000;

/** Callers must not use up the descriptors that other work of this process needs. */
function connections(): ConnectionLimits {
  return { ...limits.connections, total: callersWithin(freeDescriptors(), limits.connections.total) };
}

/** Who is at the door and who is inside: accepts connections within the limits, and ends those whose time is over. */
export class Visitors implements Disposable {
  /** Listens; the caller binds it. */
  readonly server: Server;
  readonly #report: ExcessReport;
  readonly #turns: Turns;
  readonly #limiter = new RateLimiter(limits.requests, () => performance.now());
  readonly #gate = new ConnectionGate<Visitor>(connections(), (visitor) => {
    this.#report.add('connections', visitor.address);
    visitor.drop();
  });
  /** In the order of their last request. */
  readonly #known = new Set<string>();
  readonly #timer = setInterval(() => this.#endLate(), deadlinesMs).unref();

  /** `serve` is called for each that has sent something, after its first turn. */
  constructor(report: ExcessReport, turns: Turns, serve: (visitor: Visitor) => void) {
    this.#report = report;
    this.#turns = turns;
    this.server = createServer(
      {
        ...{ allowHalfOpen: true, noDelay: true, pauseOnConnect: true },
        ...{ highWaterMark: limits.headerBytes, blockList: this.#doorman() },
      },
      (socket) => this.#admit(socket, serve),
    );
  }

  /** Counts a request. null: it may be answered; else the seconds to wait, and all else from this address is dropped. */
  countRequest(visitor: Visitor): number | null {
    const waitSeconds = this.#limiter.take(visitor.address);
    if (waitSeconds !== null) this.#shutOut(visitor.address, visitor);
    return waitSeconds;
  }

  recognise(visitor: Visitor): void {
    this.#gate.recognise(visitor);
    visitor.comesFirst = true;
    this.#known.delete(visitor.address);
    this.#known.add(visitor.address);
    const [silentLongest] = this.#known;
    if (this.#known.size > mostKnown && silentLongest !== undefined) this.#known.delete(silentLongest);
  }

  countExcess(kind: ExcessKind, { address }: Visitor): void {
    this.#report.add(kind, address);
  }

  /** Asked before anything is made for a connection: dropping one there costs least. */
  #doorman(): BlockList {
    const brake = new Brake();
    const isRefused = (address: string) => {
      brake.connectionCame();
      const group = addressGroup(address);
      if (this.#limiter.take(group) !== null) {
        this.#shutOut(group, null);
        return true;
      }
      const isCrowding = !this.#known.has(group) && this.#gate.isShareTaken(group);
      if (isCrowding) this.#report.add('connections', group);
      return isCrowding;
    };
    return new (class extends BlockList {
      override check(address: unknown): boolean {
        return isRefused(String(address));
      }
    })();
  }

  #shutOut(address: string, except: Visitor | null): void {
    this.#report.add('rate', address);
    for (const visitor of this.#gate.of(address)) if (visitor !== except) visitor.drop();
  }

  #admit(socket: Socket, serve: (visitor: Visitor) => void): void {
    const address = addressGroup(socket.remoteAddress);
    const visitor = new Visitor(address, socket, limits.requestMs, this.#known.has(address));
    socket.on('error', () => undefined);
    if (!this.#gate.admit(visitor)) {
      this.#report.add('connections', visitor.address);
      visitor.drop();
      return;
    }
    visitor.onLate = () => {
      this.#report.add('slow', visitor.address);
      visitor.drop();
    };
    socket.once('close', () => this.#gate.release(visitor));
    this.#turns.take(visitor, () => {
      // before that nothing is read: most of those that come in a flood are dropped again unread
      socket.once('readable', () => {
        if (socket.readableLength === 0) socket.destroy();
        else this.#turns.goOn(() => serve(visitor));
      });
    });
  }

  #endLate(): void {
    const nowMs = performance.now();
    for (const visitor of this.#gate) if (visitor.isLate(nowMs)) visitor.onLate();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const visitor of this.#gate) visitor.socket.destroy();
  }
}
