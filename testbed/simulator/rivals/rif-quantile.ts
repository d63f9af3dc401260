/** Probes that a client's estimate of the distribution goes by. */
const remembered = 128;

/** The quantile of the requests in flight that the newest probes found: above it a server is hot. */
export class RifQuantile {
  readonly #fraction: number;
  readonly #newest: number[] = [];
  /** How many of them found so many. */
  readonly #counts: number[] = [];
  #next = 0;

  constructor(fraction: number) {
    this.#fraction = fraction;
  }

  add(rif: number): void {
    const replaced = this.#newest[this.#next];
    if (replaced !== undefined) this.#counts[replaced] = (this.#counts[replaced] ?? 0) - 1;
    while (this.#counts.length <= rif) this.#counts.push(0);
    this.#counts[rif] = (this.#counts[rif] ?? 0) + 1;
    this.#newest[this.#next] = rif;
    this.#next = (this.#next + 1) % remembered;
  }

  /** The least number that this fraction of them do not exceed. */
  get value(): number {
    let left = this.#fraction * this.#newest.length;
    for (const [rif, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0) return rif;
    }
    return 0;
  }
}
