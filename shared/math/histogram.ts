/** Values up to this many units have a bucket each; above, every doubling has half as many, so a value is off by < 0.8 %. */
const exactBits = 8;
const exact = 2 ** exactBits;
const half = exact / 2;
/** Up to 2^36 us, which is 19 hours; what is longer has no bucket, and counts as the longest. */
const doublings = 28;
const buckets = exact + doublings * half;

/**
 * Durations counted in buckets, as HdrHistogram does (Gil Tene, public domain): memory does not grow with the number of
 * values, so a million requests or a month of them cost the same.
 */
export class Histogram {
  readonly #counts = new Float64Array(buckets);
  #count = 0;
  #maxUs = 0;

  get count(): number {
    return this.#count;
  }

  /** Rounded to whole microseconds; negative ones count as 0. */
  add(ms: number): void {
    const us = Math.max(0, Math.round(ms * 1_000));
    const bucket = bucketOf(us);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#maxUs = Math.max(this.#maxUs, us);
  }

  addAll(other: Histogram): void {
    for (const [bucket, count] of other.#counts.entries()) {
      if (count > 0) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    }
    this.#count += other.#count;
    this.#maxUs = Math.max(this.#maxUs, other.#maxUs);
  }

  /** The nearest-rank percentile in ms, at most 0.8 % above the true one; null of none. */
  percentileMs(fraction: number): number | null {
    if (this.#count === 0) return null;
    let left = Math.max(1, Math.ceil(this.#count * fraction));
    for (const [bucket, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0) return Math.min(topOf(bucket), this.#maxUs) / 1_000;
    }
    return this.#maxUs / 1_000;
  }

  /** The largest, in ms; null of none. */
  get maxMs(): number | null {
    return this.#count === 0 ? null : this.#maxUs / 1_000;
  }
}

function bucketOf(us: number): number {
  if (us < exact) return us;
  const doubling = Math.floor(Math.log2(us)) - exactBits;
  const within = Math.floor(us / 2 ** (doubling + 1)) - half;
  return exact + doubling * half + within;
}

/** The largest value that falls into a bucket, in us. */
function topOf(bucket: number): number {
  if (bucket < exact) return bucket;
  const doubling = Math.floor((bucket - exact) / half);
  const within = ((bucket - exact) % half) + half;
  return (within + 1) * 2 ** (doubling + 1) - 1;
}
