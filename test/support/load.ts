import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** What clients saw since the load began. */
export interface Seen {
  /** Answers by the server that gave them. */
  readonly served: Map<string, number>;
  /** Answers that were no 200, by status, and connections that broke, as 0. */
  readonly failed: Map<number, number>;
}

/** A request every few ms for as long as the test needs it, whatever became of those before. */
export class Load implements AsyncDisposable {
  readonly seen: Seen = { served: new Map(), failed: new Map() };
  readonly #agent = new Agent({ keepAlive: true });
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(port: number, everyMs: number) {
    this.#done = this.#run(port, everyMs);
  }

  /** What was served from now on to the end of this time, by server. */
  async sharesOver(ms: number): Promise<Map<string, number>> {
    const before = new Map(this.seen.served);
    await delay(ms);
    const since = [...this.seen.served].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
    const total = since.reduce((sum, [, count]) => sum + count, 0);
    return new Map(since.map(([name, count]) => [name, total === 0 ? 0 : count / total]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
    this.#agent.destroy();
  }

  async #run(port: number, everyMs: number): Promise<void> {
    while (!this.#stop.signal.aborted) {
      void this.#send(port);
      await delay(everyMs);
    }
  }

  async #send(port: number): Promise<void> {
    const sent = request({ host: '127.0.0.1', port, agent: this.#agent });
    try {
      sent.end();
      const [response] = await once(sent, 'response');
      response.resume();
      await once(response, 'end');
      if (response.statusCode === 200) add(this.seen.served, String(response.headers['x-server']));
      else add(this.seen.failed, response.statusCode);
    } catch {
      if (!this.#stop.signal.aborted) add(this.seen.failed, 0);
    }
  }
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
