/*
 * By hand, not with rate-limiter-flexible: in memory, that remembers any number of addresses, with a timer for each, and takes
 * 10 MiB. Here their number has a limit.
 */

export interface RateLimits {
  /** Requests per second that an address may send all the time. */
  readonly perSecond: number;
  /** Requests that it may send at once after a pause. */
  readonly burst: number;
  /** How long nothing of an address is heard once it asked too often, in ms. */
  readonly deafMs: number;
  /** Addresses remembered; beyond these, those that were silent longest are forgotten. */
  readonly addresses: number;
}

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
  readonly deafUntilMs: number;
}

/** A token bucket for each address. Pure but for its own memory, which is bounded. */
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

  /**
   * Counts a request or a connection. null: it may be served; else the whole seconds to wait before the next one. Until these
   * are over, everything from this address is refused, and costs nothing.
   */
  take(address: string): number | null {
    const atMs = this.#nowMs();
    const { burst, deafMs, addresses } = this.#limits;
    const before = this.#buckets.get(address) ?? { tokens: burst, atMs, deafUntilMs: 0 };
    const tokens = this.#tokens(before, atMs);
    const wasDeaf = atMs < before.deafUntilMs;
    const isServed = !wasDeaf && tokens >= 1;
    const deafUntilMs = isServed || wasDeaf ? before.deafUntilMs : atMs + deafMs;
    this.#buckets.delete(address);
    this.#buckets.set(address, { tokens: isServed ? tokens - 1 : tokens, atMs, deafUntilMs });
    if (this.#buckets.size > addresses) {
      const [silentLongest = address] = this.#buckets.keys();
      this.#buckets.delete(silentLongest);
    }
    // rounded first: 1000.0000000001 ms are one second
    return isServed ? null : Math.ceil(Math.round(deafUntilMs - atMs) / 1_000);
  }

  get remembered(): number {
    return this.#buckets.size;
  }

  #tokens({ tokens, atMs }: Bucket, nowMs: number): number {
    const { perSecond, burst } = this.#limits;
    return Math.min(burst, tokens + ((nowMs - atMs) * perSecond) / 1_000);
  }
}
