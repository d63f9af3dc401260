import { demand } from '../violation.ts';
import type { RawClient } from './raw-client.ts';

/** Connections whose clients have gone silent: the server must end each within a time. */
export class LeftOpen implements Disposable {
  readonly #keptMs: number;
  readonly #most: number;
  /** And since when, oldest first. */
  #clients: readonly { readonly client: RawClient; readonly sinceMs: number }[] = [];

  /** The server may keep one for `keptMs`; of more than `most`, those that came last are closed. */
  constructor(keptMs: number, most: number) {
    this.#keptMs = keptMs;
    this.#most = most;
  }

  /** Throws a Violation where one is kept for too long. */
  add(clients: readonly RawClient[]): void {
    const nowMs = performance.now();
    const open = this.#clients.filter(({ client }) => !client.isOver);
    for (const { client } of this.#clients) if (client.isOver) client[Symbol.dispose]();
    const all = [...open, ...clients.map((client) => ({ client, sinceMs: nowMs }))];
    for (const { client } of all.slice(this.#most)) client[Symbol.dispose]();
    this.#clients = all.slice(0, this.#most);
    const oldest = this.#clients[0];
    if (oldest === undefined || nowMs - oldest.sinceMs <= this.#keptMs) return;
    this[Symbol.dispose]();
    demand(false, `the server keeps a silent connection for over ${this.#keptMs} ms`);
  }

  [Symbol.dispose](): void {
    for (const { client } of this.#clients) client[Symbol.dispose]();
    this.#clients = [];
  }
}
