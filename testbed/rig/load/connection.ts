// A connection of our own, because load must cost little beside what it measures: with undici's Client a request takes a
// quarter more CPU (17.5 us, not 14). It also does not say whether a reused connection broke before the first byte.
import { connect, type Socket } from 'node:net';
import { type Response, ResponseParser } from './response-parser.ts';

/** What came back for a request. */
export type Reply =
  | { readonly kind: 'answered'; readonly response: Response }
  /** The connection ended. `unanswered`: before the first byte of the response. `reused`: it had answered before. */
  | { readonly kind: 'broken'; readonly unanswered: boolean; readonly reused: boolean; readonly error: string }
  | { readonly kind: 'deadline' }
  | { readonly kind: 'stopped' };

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Where such a URL as http://127.0.0.1:9480 points to. */
export function targetOf(url: string): Target {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: port === '' ? 80 : Number(port) };
}

/** GET requests one after the other over one TCP connection. */
export class Connection {
  readonly #socket: Socket;
  readonly #head: string;
  readonly #parser = new ResponseParser();
  #onReply: ((reply: Reply) => void) | null = null;
  #deadline: NodeJS.Timeout | undefined;
  #answers = 0;
  #usable = true;

  /** `kept`: for more than one request. */
  constructor({ host, port }: Target, kept: boolean) {
    this.#head = ` HTTP/1.1\r\nhost: ${host}:${port}\r\n${kept ? '' : 'connection: close\r\n'}\r\n`;
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (piece: string) => this.#read(piece));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#break(error.code ?? error.message));
    this.#socket.on('end', () => this.#break('closed'));
    this.#socket.on('close', () => this.#break('closed'));
  }

  /** Whether another request may be sent: none is on its way, and neither side has ended it. */
  get isUsable(): boolean {
    return this.#usable && this.#onReply === null;
  }

  /** Gives up after `timeoutMs`. `onReply` is called exactly once, and never before this returns. */
  send(path: string, timeoutMs: number, onReply: (reply: Reply) => void): void {
    if (!this.isUsable) throw new Error('a request is on its way, or the connection has ended');
    this.#onReply = onReply;
    // a timer drops fractions, and counts from the start of this turn of the event loop: up to two ms too early
    this.#deadline = setTimeout(() => this.#giveUp('deadline'), timeoutMs + 2);
    this.#socket.write(`GET ${path}${this.#head}`, 'latin1');
  }

  /** Gives up a request that is on its way, and ends the connection. */
  stop(): void {
    this.#giveUp('stopped');
  }

  #giveUp(kind: 'deadline' | 'stopped'): void {
    this.#close();
    this.#settle({ kind });
  }

  #close(): void {
    this.#usable = false;
    this.#socket.destroy();
  }

  #read(piece: string): void {
    let response: Response | null;
    try {
      response = this.#onReply === null ? null : this.#parser.push(piece);
    } catch (error) {
      this.#break(error instanceof Error ? error.message : String(error));
      return;
    }
    if (response === null) return;
    this.#answers += 1;
    if (response.closes) this.#close();
    this.#settle({ kind: 'answered', response });
  }

  #break(error: string): void {
    const unanswered = !this.#parser.hasPart;
    this.#close();
    this.#settle({ kind: 'broken', unanswered, reused: this.#answers > 0, error });
  }

  #settle(reply: Reply): void {
    clearTimeout(this.#deadline);
    const onReply = this.#onReply;
    this.#onReply = null;
    onReply?.(reply);
  }
}
