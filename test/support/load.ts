import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from './until.ts';

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
  /** Closes idle connections before HAProxy does (timeout client), which would race with their reuse. */
  readonly #agent = new Agent({ keepAlive: true, timeout: 5_000 });
  readonly #stop = new AbortController();
  readonly #path: string;
  readonly #done: Promise<void>;

  constructor(port: number, everyMs: number, path = '/') {
    this.#path = path;
    this.#done = this.#run(port, everyMs);
  }

  /** Resolves after this many more answers. */
  async answers(count: number): Promise<void> {
    const served = () => [...this.seen.served.values()].reduce((sum, each) => sum + each, 0);
    const before = served();
    await until(`${count} answers`, () => served() >= before + count);
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
    const sent = request({ host: '127.0.0.1', port, path: this.#path, agent: this.#agent });
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
