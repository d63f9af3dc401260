import { Connection, type Target } from './connection.ts';

/** One that was idle for longer is not used again, in ms: its server may be about to close it, and that would be a failure. */
const maxIdleMs = 5_000;

/** The connections to one target. */
export class Pool {
  readonly #target: Target;
  readonly #kept: boolean;
  readonly #idle: { readonly connection: Connection; readonly sinceMs: number }[] = [];

  /** `kept`: for another request after the answer. */
  constructor(target: Target, kept: boolean) {
    this.#target = target;
    this.#kept = kept;
  }

  open(): Connection {
    return new Connection(this.#target, this.#kept);
  }

  /** The one used last, so that few stay open. */
  take(): Connection {
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      if (last.connection.isUsable && performance.now() - last.sinceMs <= maxIdleMs) return last.connection;
      last.connection.stop();
    }
    return this.open();
  }

  giveBack(connection: Connection): void {
    if (this.#kept && connection.isUsable) this.#idle.push({ connection, sinceMs: performance.now() });
    else connection.stop();
  }

  close(): void {
    for (const { connection } of this.#idle.splice(0)) connection.stop();
  }
}
