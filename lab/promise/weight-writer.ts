import { setTimeout as sleep } from 'node:timers/promises';
import type { HaproxyControl } from '../../haproxy/runtime-api.ts';
import { maxWeight } from '../../shared/contract/limits.ts';
import { ProblemError } from '../../shared/contract/problem.ts';
import type { Random } from '../../shared/math/random.ts';

export interface WriterOptions {
  readonly api: Pick<HaproxyControl, 'servers' | 'setWeights'>;
  readonly backend: string;
  readonly servers: readonly string[];
  readonly random: Random;
  /** Pause between two writes, in ms. */
  readonly everyMs: number;
}

/** What a writer has done. Every figure counts what HAProxy reports, not what was sent. */
export interface Written {
  /** Weights that were different in HAProxy before the write. */
  readonly changes: number;
  /** Of these, to 0 or from 0. */
  readonly zeroes: number;
  /** Weights that were sent and that HAProxy did not have afterwards. */
  readonly lost: number;
  readonly writes: number;
}

/** Part of the servers that get weight 0 in a write. At least two servers keep a weight. */
const zeroPart = 0.2;

/**
 * Changes the weights of all servers of a backend again and again, with the controller's own code, and reads them back
 * each time. A still writer sends the weights that are there already: the same work without a change, for comparison.
 */
export class WeightWriter {
  readonly #options: WriterOptions;
  #last: ReadonlyMap<string, number> = new Map();
  #isStopped = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Writes until `stop` is called. Throws a ProblemError if HAProxy refuses or does not answer. */
  async run({ still }: { readonly still: boolean }): Promise<Written> {
    const { api, backend, everyMs } = this.#options;
    this.#isStopped = false;
    this.#last = await this.#read();
    let [changes, zeroes, lost, writes] = [0, 0, 0, 0];
    while (!this.#isStopped) {
      const wanted = still ? this.#last : this.#draw();
      const written = await api.setWeights(
        backend,
        [...wanted].map(([server, weight]) => ({ server, weight })),
      );
      if (!written.ok) throw new ProblemError(written.error);
      const now = await this.#read();
      for (const [server, weight] of wanted) {
        const before = this.#last.get(server);
        if (now.get(server) !== weight) lost += 1;
        else if (before !== weight) {
          changes += 1;
          if (before === 0 || weight === 0) zeroes += 1;
        }
      }
      writes += 1;
      this.#last = now;
      await sleep(everyMs);
    }
    return { changes, zeroes, lost, writes };
  }

  stop(): void {
    this.#isStopped = true;
  }

  #draw(): ReadonlyMap<string, number> {
    const { servers, random } = this.#options;
    const weights = servers.map(() => (random() < zeroPart ? 0 : 1 + Math.floor(random() * maxWeight)));
    const first = Math.floor(random() * servers.length);
    for (const index of [first, (first + 1) % servers.length]) weights[index] ||= maxWeight;
    return new Map(servers.map((server, index) => [server, weights[index] ?? maxWeight]));
  }

  async #read(): Promise<ReadonlyMap<string, number>> {
    const { api, backend } = this.#options;
    const servers = await api.servers(backend);
    if (!servers.ok) throw new ProblemError(servers.error);
    return new Map(servers.value.map(({ server, weight }) => [server, weight]));
  }
}
