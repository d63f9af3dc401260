import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { limits } from './limits.ts';
import type { Turns } from './turns.ts';
import type { Visitor } from './visitor.ts';

const blankLine = '\r\n\r\n';
const noBytes = Buffer.alloc(0);

/**
 * What Node's HTTP server sees of a connection: one request at a time. It parses all that it is given at once, and one read
 * may hold 2,500 requests. So it is given the bytes up to the blank line that ends a request's headers, and more only when the
 * answer is written; meanwhile nothing is read. Bodies are never passed on.
 */
export class RequestFeed extends Duplex {
  readonly visitor: Visitor;
  readonly #source: Socket;
  readonly #turns: Turns;
  readonly #keepAliveMs: () => number;
  /** Read, and not passed on yet. */
  #rest: Buffer | null = null;
  /** The last bytes passed on of a request that is not whole. */
  #tail: Buffer = noBytes;
  #phase: 'pause' | 'request' | 'answer' = 'request';
  #waitsForTurn = false;
  #answers = false;
  /** No more bytes come. */
  #isLast = false;

  /** `source` is the connection, or the TLS on it. `keepAliveMs` tells how long it may pause between two requests. */
  constructor(source: Socket, visitor: Visitor, turns: Turns, keepAliveMs: () => number) {
    super({ readableHighWaterMark: 1, writableHighWaterMark: 64 * 1024, decodeStrings: false, allowHalfOpen: true });
    this.visitor = visitor;
    this.#source = source;
    this.#turns = turns;
    this.#keepAliveMs = keepAliveMs;
    this.on('error', () => undefined);
    source.on('end', () => {
      this.#isLast = true;
      this.#endAfterLast();
    });
    source.on('error', () => this.destroy());
    source.on('close', () => this.destroy());
    this.#enter('request', limits.requestMs);
  }

  /** Passes on what is there already, which had its turn, and what comes. */
  start(): void {
    this.#source.on('readable', this.#ask);
    this.#turns.goOn(() => this.#passOn());
  }

  get isPausing(): boolean {
    return this.#phase === 'pause';
  }

  get isReadingRequest(): boolean {
    return this.#phase === 'request';
  }

  /** Whether this request may be answered. Another one before its answer is there is the end of the connection. */
  begin(): boolean {
    if (this.#phase === 'answer' && !this.#answers) {
      this.#answers = true;
      return true;
    }
    this.destroy();
    return false;
  }

  /** The answer is written: the next request may come. */
  answered(): void {
    this.#answers = false;
    this.#enter('pause', this.#keepAliveMs());
    this.visitor.activeMs = performance.now();
    this.#endAfterLast();
    if (this.#rest === null && this.#source.readableLength === 0) this.#source.read(0);
    // Not at once: the requests of one connection must not keep the event loop from others'.
    else setImmediate(this.#ask);
  }

  /** Answers what is no request with this status and line, and closes. */
  refuse(status: string, line: string): void {
    if (this.#answers || this.writableEnded) {
      this.destroy();
      return;
    }
    this.#enter('answer', limits.answerMs);
    const head = `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8`;
    this.end(`${head}\r\ncontent-length: ${line.length + 1}\r\n\r\n${line}\n`);
  }

  /** A client may close its direction after its request. Node's HTTP server, once told, would close without an answer. */
  #endAfterLast(): void {
    if (this.#isLast && this.#phase !== 'answer' && this.#rest === null) this.push(null);
  }

  #enter(phase: 'pause' | 'request' | 'answer', mostMs: number): void {
    this.#phase = phase;
    this.visitor.allow(mostMs);
  }

  readonly #ask = () => {
    if (this.#waitsForTurn || this.#phase === 'answer' || this.destroyed || this.writableEnded) return;
    if (this.#phase === 'pause') this.#enter('request', limits.requestMs);
    this.#waitsForTurn = true;
    this.#turns.take(this.visitor, () => {
      this.#waitsForTurn = false;
      if (!this.destroyed && !this.writableEnded) this.#passOn();
    });
  };

  #passOn(): void {
    const bytes: Buffer | null = this.#rest ?? this.#source.read();
    this.#rest = null;
    if (bytes === null) return;
    const end = endOfHead(this.#tail, bytes);
    if (end === null) {
      this.#tail = Buffer.concat([this.#tail, bytes.subarray(-3)]).subarray(-3);
      this.push(bytes);
      if (this.#source.readableLength > 0) this.#ask();
      return;
    }
    if (this.#tail.length === 0 && end === blankLine.length) {
      // the parser skips blank lines before a request, without an end and without a word
      this.destroy();
      return;
    }
    this.#tail = noBytes;
    if (end < bytes.length) this.#rest = bytes.subarray(end);
    this.#enter('answer', limits.answerMs);
    this.push(bytes.subarray(0, end));
    setImmediate(this.#demandRequest);
  }

  /** After a request that asked for an upgrade, Node's parser drops what is no request without a word. */
  readonly #demandRequest = () => {
    const isDropped = this.#phase === 'answer' && !this.#answers && this.readableLength === 0;
    if (isDropped && !this.destroyed) this.refuse('400 Bad Request', 'this is no request that HTTP allows');
  };

  override _read(): void {
    // bytes come when it is their turn
  }

  override _write(chunk: string | Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#source.write(chunk, encoding, done);
  }

  override _writev(
    chunks: readonly { chunk: string | Buffer; encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#source.cork();
    chunks.forEach(({ chunk, encoding }, index) => {
      this.#source.write(chunk, encoding, index === chunks.length - 1 ? done : undefined);
    });
    this.#source.uncork();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.visitor.isEnding = true;
    this.#source.end(() => {
      done();
      this.destroy();
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#source.destroy();
    done(error);
  }
}

/** The index after the blank line that ends a request's headers, where it is in `bytes`. `tail`: what was before these. */
function endOfHead(tail: Buffer, bytes: Buffer): number | null {
  if (tail.length > 0) {
    const seam = Buffer.concat([tail, bytes.subarray(0, 3)]).indexOf(blankLine);
    if (seam >= 0) return seam + blankLine.length - tail.length;
  }
  const index = bytes.indexOf(blankLine);
  return index < 0 ? null : index + blankLine.length;
}
