import type { Request } from './request.ts';

export const failureKinds = ['status5xx', 'timeout', 'broken', 'refused', 'noServer', 'queueTimeout'] as const;
/**
 * `refused`: no server accepted the connection; `noServer`: none was in rotation with a weight; `queueTimeout`: none had room in
 * time. All three are a 503.
 */
export type FailureKind = (typeof failureKinds)[number];

const withinMs = 1_000;

/** Outcomes of the requests that arrived from an instant on; before it, only totals are kept. */
export class Measures {
  readonly #fromMs: number;
  readonly timeoutMs: number;
  readonly #times = new Growing();
  readonly failures: Record<FailureKind, number> = {
    ...{ status5xx: 0, timeout: 0, broken: 0, refused: 0, noServer: 0, queueTimeout: 0 },
  };
  requests = 0;
  answeredWell = 0;
  answeredWithinSecond = 0;
  retries = 0;
  /** Of waits in HAProxy's queue: requests that left it, and the sum of their times there, in ms. */
  readonly queue = { requests: 0, sumMs: 0 };
  /** Of all requests, including the warm-up. */
  readonly totals = { requests: 0, failures: 0 };

  constructor(fromMs: number, timeoutMs: number) {
    this.#fromMs = fromMs;
    this.timeoutMs = timeoutMs;
  }

  arrived({ arrivedMs }: Request): void {
    this.totals.requests += 1;
    if (arrivedMs >= this.#fromMs) this.requests += 1;
  }

  answered({ arrivedMs }: Request, nowMs: number): void {
    if (arrivedMs < this.#fromMs) return;
    const tookMs = nowMs - arrivedMs;
    this.answeredWell += 1;
    if (tookMs <= withinMs) this.answeredWithinSecond += 1;
    this.#times.push(tookMs);
  }

  failed({ arrivedMs }: Request, kind: FailureKind, nowMs: number): void {
    this.totals.failures += 1;
    if (arrivedMs < this.#fromMs) return;
    this.failures[kind] += 1;
    // a time-out counts with its waiting time; quick failures do not show how long work takes
    if (kind === 'timeout' || kind === 'queueTimeout') this.#times.push(nowMs - arrivedMs);
  }

  /** It has left HAProxy's queue, for a server or for good. */
  waited({ arrivedMs, queuedMs }: Request, nowMs: number): void {
    if (arrivedMs < this.#fromMs) return;
    this.queue.requests += 1;
    this.queue.sumMs += nowMs - queuedMs;
  }

  retried({ arrivedMs }: Request): void {
    if (arrivedMs >= this.#fromMs) this.retries += 1;
  }

  /** Response times in ms, ascending. */
  sortedTimes(): Float64Array {
    return this.#times.values().sort();
  }
}

class Growing {
  #values = new Float64Array(4_096);
  #length = 0;

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(2 * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length] = value;
    this.#length += 1;
  }

  values(): Float64Array {
    return this.#values.slice(0, this.#length);
  }
}
