import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { exponential, seededRandom } from '../../../../shared/math/random.ts';
import { percentile } from '../../../../shared/math/statistics.ts';

/** What became of one request. Times are of `performance.now()`, in ms. */
export interface Outcome {
  /** When it was to be sent, whatever became of those before. */
  readonly intendedAtMs: number;
  /** From the intended time to the end of the answer. */
  readonly latencyMs: number;
  /** HTTP status; 0 where the connection broke, -1 after the client's patience. */
  readonly status: number;
  /** Who answered, by its own word; empty where nobody did. */
  readonly server: string;
}

/** What clients saw in a stretch of time. */
export interface Seen {
  readonly requests: number;
  /** Anything but a 200, by status. */
  readonly failed: ReadonlyMap<number, number>;
  readonly failures: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers with 200, by server. */
  readonly served: ReadonlyMap<string, number>;
}

/** A client gives up after this, in ms. */
const patienceMs = 10_000;

/**
 * Open-loop load: requests at random times (Poisson, seeded), sent whether or not those before were answered. As
 * browsers and proxies do (RFC 9110, section 9.2.2), a GET is sent once more, on a new connection, where a kept one was
 * closed before any answer came: after a reload the old HAProxy closes its idle connections, which races with their reuse.
 */
export class OpenLoad implements AsyncDisposable {
  readonly outcomes: Outcome[] = [];
  /** Requests that were sent a second time, because their kept connection was closed. */
  retried = 0;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #stop = new AbortController();
  readonly #pending = new Set<Promise<void>>();
  readonly #done: Promise<void>;
  readonly #port: number;

  constructor(port: number, perSecond: number, seed = 1) {
    this.#port = port;
    this.#done = this.#run(1_000 / perSecond, seed);
  }

  /** What became of the requests that were intended in this stretch. Those without an answer yet are waited for. */
  async seen(fromMs: number, toMs: number): Promise<Seen> {
    await Promise.all([...this.#pending]);
    return summary(this.outcomes.filter(({ intendedAtMs }) => intendedAtMs >= fromMs && intendedAtMs < toMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#agent.destroy();
    await this.#done;
    await Promise.all([...this.#pending]);
  }

  async #run(meanGapMs: number, seed: number): Promise<void> {
    const random = seededRandom(seed);
    let nextMs = performance.now();
    while (!this.#stop.signal.aborted) {
      nextMs += exponential(random, meanGapMs);
      const waitMs = nextMs - performance.now();
      if (waitMs > 0) await delay(waitMs);
      const sent: Promise<void> = this.#send(nextMs).finally(() => this.#pending.delete(sent));
      this.#pending.add(sent);
    }
  }

  async #send(intendedAtMs: number): Promise<void> {
    let answer = await this.#try(this.#agent);
    if (answer === 'closed before') {
      this.retried += 1;
      answer = await this.#try(false);
    }
    if (this.#stop.signal.aborted) return;
    const { status, server } = answer === 'closed before' ? { status: 0, server: '' } : answer;
    this.outcomes.push({ intendedAtMs, latencyMs: performance.now() - intendedAtMs, status, server });
  }

  #try(agent: Agent | false): Promise<{ status: number; server: string } | 'closed before'> {
    return new Promise((resolve) => {
      let isTimedOut = false;
      const sent = request({ host: '127.0.0.1', port: this.#port, agent });
      const deadline = setTimeout(() => {
        isTimedOut = true;
        sent.destroy();
      }, patienceMs);
      const finish = (answer: { status: number; server: string } | 'closed before') => {
        clearTimeout(deadline);
        resolve(answer);
      };
      const broke = () => finish({ status: isTimedOut ? -1 : 0, server: '' });
      sent.on('response', (response: IncomingMessage) => {
        const answer = { status: response.statusCode ?? 0, server: String(response.headers['x-server'] ?? '') };
        response.resume();
        response.on('end', () => finish(answer));
        response.on('error', broke);
      });
      sent.on('error', () => (sent.reusedSocket && !isTimedOut ? finish('closed before') : broke()));
      sent.end();
    });
  }
}

function summary(outcomes: readonly Outcome[]): Seen {
  const failed = new Map<number, number>();
  const served = new Map<string, number>();
  for (const { status, server } of outcomes) {
    if (status === 200) served.set(server, (served.get(server) ?? 0) + 1);
    else failed.set(status, (failed.get(status) ?? 0) + 1);
  }
  const latencies = outcomes.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  return {
    requests: outcomes.length,
    failed,
    failures: [...failed.values()].reduce((sum, count) => sum + count, 0),
    p50Ms: percentile(latencies, 0.5) ?? Number.NaN,
    p99Ms: percentile(latencies, 0.99) ?? Number.NaN,
    served,
  };
}
