import { Connection, type Outcome, type Target } from './connection.ts';
import { Tally } from './tally.ts';

export interface ClosedLoopOptions {
  readonly target: Target;
  readonly connections: number;
  /** A request without an answer for this long has failed, in ms. */
  readonly timeoutMs: number;
}

/** How often requests that wait too long are looked for, in ms. */
const sweepMs = 250;

/** Clients that send the next request when the last one is answered: as many requests as the machine can do. */
export class ClosedLoop implements Disposable {
  readonly #options: ClosedLoopOptions;
  readonly #connections: Connection[];

  constructor(options: ClosedLoopOptions) {
    this.#options = options;
    this.#connections = Array.from({ length: options.connections }, () => new Connection(options.target));
  }

  /** Sends this many requests over connections that stay open from run to run, and resolves when all have ended. */
  async run(requests: number): Promise<Tally> {
    const tally = new Tally();
    const { timeoutMs } = this.#options;
    const sweep = setInterval(() => {
      for (const connection of this.#connections) {
        if (connection.waitedMs(performance.now()) > timeoutMs) connection.timeOut();
      }
    }, sweepMs);
    let left = requests;
    const client = async (index: number) => {
      while (left > 0) {
        left -= 1;
        const startedMs = performance.now();
        const outcome = await this.#send(index);
        tally.add(outcome, performance.now() - startedMs);
      }
    };
    try {
      await Promise.all(this.#connections.map((_, index) => client(index)));
    } finally {
      clearInterval(sweep);
    }
    return tally;
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections) connection.close();
  }

  #send(index: number): Promise<Outcome> {
    let connection = this.#connections[index];
    if (connection === undefined || !connection.isUsable) {
      connection = new Connection(this.#options.target);
      this.#connections[index] = connection;
    }
    const sender = connection;
    return new Promise((resolve) => sender.send(resolve));
  }
}
