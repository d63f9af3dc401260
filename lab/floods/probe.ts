import { type RequestOptions, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Probed {
  readonly asked: number;
  /** Answered with 200 within the limit. */
  readonly answered: number;
  readonly slowestMs: number;
  /** What came instead of an answer, with its count. */
  readonly failures: Readonly<Record<string, number>>;
}

const everyMs = 200;

/** Other clients, each at an address of its own: a new connection for each request, five times a second in turn. */
export class Probe implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  readonly #failures = new Map<string, number>();
  #asked = 0;
  #answered = 0;
  #slowestMs = 0;

  /** `limitMs`: how long it waits for an answer. */
  constructor(url: string, from: readonly string[], limitMs: number, headers: Readonly<Record<string, string>>) {
    this.#done = this.#run(url, from, limitMs, { headers, agent: false, rejectUnauthorized: false });
  }

  get seen(): Probed {
    const [asked, answered, slowestMs] = [this.#asked, this.#answered, this.#slowestMs];
    return { asked, answered, slowestMs, failures: Object.fromEntries(this.#failures) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(
    url: string,
    from: readonly string[],
    limitMs: number,
    options: RequestOptions & { readonly rejectUnauthorized: boolean },
  ): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const beganMs = performance.now();
      const localAddress = from[this.#asked % from.length] ?? '';
      const outcome = await ask(url, { ...options, localAddress, signal: AbortSignal.timeout(limitMs) });
      const tookMs = performance.now() - beganMs;
      // one that was under way at the end does not count
      if (this.#stop.signal.aborted) return;
      this.#asked += 1;
      this.#slowestMs = Math.max(this.#slowestMs, tookMs);
      if (outcome === '200') this.#answered += 1;
      else this.#failures.set(outcome, (this.#failures.get(outcome) ?? 0) + 1);
      await sleep(Math.max(0, everyMs - tookMs));
    }
  }
}

function ask(url: string, options: RequestOptions): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const start = url.startsWith('https:') ? requestTls : requestPlain;
  const request = start(url, options, (response) => {
    response.once('end', () => resolve(String(response.statusCode)));
    response.once('error', ({ message }) => resolve(message));
    response.resume();
  });
  request.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  request.end();
  return promise;
}
