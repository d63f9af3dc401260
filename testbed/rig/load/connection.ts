import { connect, type Socket } from 'node:net';
import { type Response, ResponseParser } from './response-parser.ts';

/** What became of a request. */
export type Outcome =
  | { readonly kind: 'answered'; readonly response: Response }
  /** The connection ended. `unanswered`: before the first byte of the response. `reused`: it had answered before. */
  | { readonly kind: 'broken'; readonly unanswered: boolean; readonly reused: boolean; readonly error: string }
  | { readonly kind: 'timeout' };

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** Requests one after the other over one TCP connection, as cheap as Node.js can: this is what a load is made of. */
export class Connection {
  readonly #socket: Socket;
  readonly #request: string;
  readonly #parser = new ResponseParser();
  #onOutcome: ((outcome: Outcome) => void) | null = null;
  #sentMs = 0;
  #answers = 0;
  #usable = true;

  constructor({ host, port, path }: Target) {
    this.#request = `GET ${path} HTTP/1.1\r\nhost: longrun\r\n\r\n`;
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (piece: string) => this.#read(piece));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#break(error.code ?? error.message));
    this.#socket.on('end', () => this.#break('closed'));
    this.#socket.on('close', () => this.#break('closed'));
  }

  /** Whether another request may be sent: nobody waits, and neither side has ended it. */
  get isUsable(): boolean {
    return this.#usable && this.#onOutcome === null;
  }

  /** How long the request has waited, in ms; 0 where there is none. */
  waitedMs(nowMs: number): number {
    return this.#onOutcome === null ? 0 : nowMs - this.#sentMs;
  }

  /** `onOutcome` is called exactly once, and never before this returns. */
  send(onOutcome: (outcome: Outcome) => void): void {
    if (!this.isUsable) throw new Error('a request is on its way, or the connection has ended');
    this.#onOutcome = onOutcome;
    this.#sentMs = performance.now();
    this.#socket.write(this.#request, 'latin1');
  }

  /** Gives the request up. */
  timeOut(): void {
    this.#settle({ kind: 'timeout' });
    this.close();
  }

  close(): void {
    this.#usable = false;
    this.#socket.destroy();
  }

  #read(piece: string): void {
    let response: Response | null;
    try {
      response = this.#onOutcome === null ? null : this.#parser.push(piece);
    } catch (error) {
      this.#break(error instanceof Error ? error.message : String(error));
      return;
    }
    if (response === null) return;
    this.#answers += 1;
    if (response.closes) this.close();
    this.#settle({ kind: 'answered', response });
  }

  #break(error: string): void {
    this.#usable = false;
    const unanswered = !this.#parser.hasPart;
    this.#settle({ kind: 'broken', unanswered, reused: this.#answers > 0, error });
    this.#socket.destroy();
  }

  #settle(outcome: Outcome): void {
    const onOutcome = this.#onOutcome;
    this.#onOutcome = null;
    onOutcome?.(outcome);
  }
}
