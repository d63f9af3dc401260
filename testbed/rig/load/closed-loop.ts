import type { Target } from './connection.ts';
import { resultOf } from './outcome.ts';
import { Pool } from './pool.ts';
import { Tally } from './tally.ts';

export interface ClosedLoopOptions {
  readonly target: Target;
  readonly path: string;
  readonly connections: number;
  /** A request without a whole answer for this long has failed, in ms. */
  readonly deadlineMs: number;
}

/** Clients that send the next request when the last one is answered: as many requests as the machine can do. */
export class ClosedLoop implements Disposable {
  readonly #options: ClosedLoopOptions;
  readonly #pool: Pool;

  constructor(options: ClosedLoopOptions) {
    this.#options = options;
    this.#pool = new Pool(options.target, true);
  }

  /** Sends this many requests over connections that stay open from run to run, and resolves when all have ended. */
  async run(requests: number): Promise<Tally> {
    const tally = new Tally();
    let left = requests;
    const client = async () => {
      while (left > 0) {
        left -= 1;
        await this.#send(tally);
      }
    };
    await Promise.all(Array.from({ length: this.#options.connections }, client));
    return tally;
  }

  [Symbol.dispose](): void {
    this.#pool.close();
  }

  #send(tally: Tally): Promise<void> {
    const { path, deadlineMs } = this.#options;
    const connection = this.#pool.take();
    const atMs = performance.now();
    return new Promise((resolve) => {
      connection.send(path, deadlineMs, (reply) => {
        this.#pool.giveBack(connection);
        tally.add({ atMs, lagMs: 0, endedAtMs: performance.now(), ...resultOf(reply) });
        resolve();
      });
    });
  }
}
