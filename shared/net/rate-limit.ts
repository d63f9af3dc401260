/*
 * By hand, not with rate-limiter-flexible: in memory, that remembers any number of addresses, with a timer for each, and takes
 * 10 MiB. Here their number has a limit.
 */

export interface RateLimits {
  /** Requests per second that an address may send all the time. */
  readonly perSecond: number;
  /** Requests that it may send at once after a pause. */
  readonly burst: number;
  /** Addresses remembered; beyond these, those that were silent longest are forgotten. */
  readonly addresses: number;
}

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/**
 * A token bucket for each address. A refused request costs a token too, so an address that keeps asking falls into
 * debt, down to minus one burst. Pure but for its own memory, which is bounded.
 */
export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #nowMs: () => number;
  /** In the order of their last request. */
  readonly #buckets = new Map<string, Bucket>();

  /** `nowMs` is a monotonic clock. */
  constructor(limits: RateLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** Counts a request. null: it may be answered; else the whole seconds to wait before the next one. */
  take(address: string): number | null {
    const { perSecond, burst, addresses } = this.#limits;
    const before = this.#tokens(address);
    const tokens = Math.max(-burst, before - 1);
    this.#buckets.delete(address);
    this.#buckets.set(address, { tokens, atMs: this.#nowMs() });
    if (this.#buckets.size > addresses) {
      const [silentLongest = address] = this.#buckets.keys();
      this.#buckets.delete(silentLongest);
    }
    return before >= 1 ? null : Math.ceil((1 - tokens) / perSecond);
  }

  /** Whether it keeps asking long after it was told to wait: then even reading its requests costs too much. */
  isAbusive(address: string): boolean {
    return this.#tokens(address) < 1 - this.#limits.burst;
  }

  get remembered(): number {
    return this.#buckets.size;
  }

  #tokens(address: string): number {
    const { perSecond, burst } = this.#limits;
    const bucket = this.#buckets.get(address);
    if (bucket === undefined) return burst;
    return Math.min(burst, bucket.tokens + ((this.#nowMs() - bucket.atMs) * perSecond) / 1_000);
  }
}
