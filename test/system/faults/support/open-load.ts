import { seededRandom } from '../../../../shared/math/random.ts';
import { poissonTimes, requestsAt } from '../../../../testbed/rig/load/arrivals.ts';
import { OpenLoop } from '../../../../testbed/rig/load/open-loop.ts';
import type { Outcome } from '../../../../testbed/rig/load/outcome.ts';
import { Tally } from '../../../../testbed/rig/load/tally.ts';
import { until } from '../../../../testbed/rig/wait.ts';
import { type Seen as All, seenOf } from '../../../support/load.ts';

/** What clients saw in a stretch of time. */
export interface Seen extends All {
  readonly requests: number;
  readonly failures: number;
  /** Of those that were answered 200, in ms; NaN of none. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A client gives up after this, in ms. */
const patienceMs = 10_000;

/**
 * Open-loop load: requests at random times (Poisson, seeded). As browsers and proxies do (RFC 9110, section 9.2.2), a GET is
 * sent once more, on a new connection, where a kept one was closed before any answer came: after a reload the old HAProxy
 * closes its idle connections, which races with their reuse.
 */
export class OpenLoad implements AsyncDisposable {
  /** Requests that were sent a second time, because their kept connection was closed. */
  retried = 0;
  readonly #outcomes: Outcome[] = [];
  readonly #stop = new AbortController();
  readonly #loop: OpenLoop;

  constructor(port: number, perSecond: number, seed = 1) {
    this.#loop = new OpenLoop({
      targets: [{ host: '127.0.0.1', port }],
      requests: requestsAt(poissonTimes(seededRandom(seed), perSecond), '/'),
      deadlineMs: patienceMs,
      signal: this.#stop.signal,
      onRetry: () => {
        this.retried += 1;
      },
      onOutcome: (outcome) => {
        if (outcome.failure !== 'stopped') this.#outcomes.push(outcome);
      },
    });
  }

  /**
   * What became of the requests that were intended in this stretch, by `performance.now()`. Those without an answer yet are
   * waited for.
   */
  async seen(fromMs: number, toMs: number): Promise<Seen> {
    const { startedMs } = this.#loop;
    const isWithin = (atMs: number) => startedMs + atMs >= fromMs && startedMs + atMs < toMs;
    await until('their answers', () => !this.#loop.inFlight.some(isWithin));
    const tally = new Tally();
    for (const outcome of this.#outcomes) if (isWithin(outcome.atMs)) tally.add(outcome);
    const { requests, failed: failures, latencies } = tally;
    const percentileMs = (fraction: number) => latencies.percentileMs(fraction) ?? Number.NaN;
    return { ...seenOf(tally), requests, failures, p50Ms: percentileMs(0.5), p99Ms: percentileMs(0.99) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#loop.done;
  }
}
