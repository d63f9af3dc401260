import { Connection, type Outcome, type Target } from './connection.ts';
import { Tally } from './tally.ts';

export interface OpenLoopOptions {
  /** Taken in turn. */
  readonly targets: readonly Target[];
  readonly requestsPerSecond: number;
  /** A request without an answer for this long has failed, in ms. */
  readonly timeoutMs: number;
  /**
   * Whether a request that a reused connection did not answer is sent once more over a new one, as clients do (RFC 9112,
   * 9.3.1): the server may close an idle connection at any time, and then nobody has seen the request.
   */
  readonly retryReused: boolean;
  /** Told of what was not a 200 at first: failures, and `retried` for those that are sent once more. */
  readonly onTrouble?: (trouble: Trouble) => void;
}

export interface Trouble {
  /** When it was noticed, by `performance.now()`. */
  readonly atMs: number;
  readonly outcome: Outcome;
  readonly retried: boolean;
}

/** The longest sleep between two looks at the clock, in ms. */
const stepMs = 2;
/** How often requests that wait too long are looked for, in ms. */
const sweepMs = 250;

/**
 * Requests at a fixed rate, whatever becomes of those before. Latency counts from the moment that a request was to be
 * sent, so that a stall of the server (or of this machine) is not left out of it.
 */
export class OpenLoop implements AsyncDisposable {
  readonly #options: OpenLoopOptions;
  /** By target; the last one used first, so that few stay open. */
  readonly #idle: Connection[][];
  readonly #busy = new Set<Connection>();
  readonly #timer: NodeJS.Timeout;
  readonly #sweep: NodeJS.Timeout;
  readonly #startedMs = performance.now();
  #sent = 0;
  #tally = new Tally();
  #latestMs = 0;
  #inFlight = 0;
  #onIdle: () => void = () => {};

  constructor(options: OpenLoopOptions) {
    this.#options = options;
    this.#idle = options.targets.map(() => []);
    this.#timer = setInterval(() => this.#sendDue(), stepMs);
    this.#sweep = setInterval(() => this.#timeOutOld(), sweepMs);
  }

  /** What has ended since the last call. A request counts where it ends. */
  take(): Tally {
    const tally = this.#tally;
    this.#tally = new Tally();
    return tally;
  }

  /** How late this process was at most since the last call in sending, in ms: a sign of a machine that is too busy. */
  takeLatestMs(): number {
    const latest = this.#latestMs;
    this.#latestMs = 0;
    return latest;
  }

  /** Sends no more, and resolves when every request has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    clearInterval(this.#sweep);
    for (const connection of this.#idle.flat()) connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #sendDue(): void {
    const nowMs = performance.now();
    const { requestsPerSecond } = this.#options;
    for (;;) {
      const dueMs = this.#startedMs + (this.#sent / requestsPerSecond) * 1_000;
      if (dueMs > nowMs) return;
      this.#latestMs = Math.max(this.#latestMs, nowMs - dueMs);
      const target = this.#sent % this.#options.targets.length;
      this.#sent += 1;
      this.#inFlight += 1;
      this.#send(target, dueMs, this.#take(target));
    }
  }

  #send(target: number, dueMs: number, connection: Connection): void {
    this.#busy.add(connection);
    connection.send((outcome) => {
      this.#busy.delete(connection);
      if (connection.isUsable) this.#idle[target]?.push(connection);
      const { retryReused, onTrouble } = this.#options;
      const isGood = outcome.kind === 'answered' && outcome.response.status === 200;
      const retried = retryReused && outcome.kind === 'broken' && outcome.unanswered && outcome.reused;
      if (!isGood) onTrouble?.({ atMs: performance.now(), outcome, retried });
      if (retried) this.#send(target, dueMs, this.#open(target));
      else this.#end(outcome, dueMs);
    });
  }

  #end(outcome: Outcome, dueMs: number): void {
    this.#tally.add(outcome, performance.now() - dueMs);
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#onIdle();
  }

  #take(target: number): Connection {
    const idle = this.#idle[target] ?? [];
    for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
      if (last.isUsable) return last;
    }
    return this.#open(target);
  }

  #open(target: number): Connection {
    const address = this.#options.targets[target];
    if (address === undefined) throw new Error(`no target ${target}`);
    return new Connection(address);
  }

  #timeOutOld(): void {
    const nowMs = performance.now();
    for (const connection of this.#busy) {
      if (connection.waitedMs(nowMs) > this.#options.timeoutMs) connection.timeOut();
    }
  }
}
