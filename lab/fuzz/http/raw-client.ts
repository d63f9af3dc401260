import { connect, type Socket } from 'node:net';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { connect as connectTls, TLSSocket } from 'node:tls';

/** PEM texts. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface Destination {
  readonly port: number;
  /** Each address has its own limits. */
  readonly localAddress: string;
  /** TLS, with a certificate or without; null: plain TCP. */
  readonly tls: Partial<Identity> | null;
}

/** An answer is complete when no byte was received for this long, in ms. */
const silenceMs = 15;
/** How long it may take to write what the server does not read, in ms. */
const patienceMs = 300;

/** A client that sends any bytes and ignores errors. */
export class RawClient implements Disposable {
  readonly #socket: Socket;
  readonly #parts: Buffer[] = [];
  readonly #ended = Promise.withResolvers<true>();
  #heardMs = performance.now();
  #isOver = false;

  constructor({ port, localAddress, tls }: Destination) {
    const to = { port, host: '127.0.0.1', localAddress, allowHalfOpen: true };
    this.#socket = tls === null ? connect(to) : connectTls({ ...to, ...tls, rejectUnauthorized: false });
    this.#socket.setNoDelay();
    this.#socket.on('error', () => {});
    const end = () => {
      this.#isOver = true;
      this.#ended.resolve(true);
    };
    this.#socket.on('end', end);
    this.#socket.on('close', end);
    this.#socket.on('data', (part) => {
      this.#heardMs = performance.now();
      this.#parts.push(part);
    });
  }

  /** Whether the server has ended the connection. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get received(): string {
    return Buffer.concat(this.#parts).toString('latin1');
  }

  /** In pieces that end at these places. Returns when the bytes have left, or will not leave. */
  async send(bytes: Buffer, ends: readonly number[]): Promise<void> {
    let start = 0;
    for (const end of ends) {
      if (this.#isOver) return;
      if (end <= start) continue;
      this.#socket.write(bytes.subarray(start, end));
      start = end;
      await turn();
    }
    const left = Promise.withResolvers<void>();
    this.#socket.write(bytes.subarray(start), () => left.resolve());
    await Promise.race([left.promise, this.endsWithin(patienceMs)]);
    this.#heardMs = performance.now();
  }

  /** From now on it does not read. */
  pause(): void {
    this.#socket.pause();
  }

  /** Sends no more; it still reads. */
  halfClose(): void {
    this.#socket.end();
  }

  reset(): void {
    if (this.#socket instanceof TLSSocket) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  async untilSilent(): Promise<void> {
    while (!this.#isOver && performance.now() - this.#heardMs < silenceMs) await delay(2);
  }

  /** Whether the server ends the connection within this time, in ms. */
  async endsWithin(limitMs: number): Promise<boolean> {
    const limit = new AbortController();
    const late = delay(limitMs, false, { signal: limit.signal }).catch(() => false);
    const hasEnded = await Promise.race([this.#ended.promise, late]);
    limit.abort();
    return hasEnded;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
