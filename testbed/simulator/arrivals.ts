import { exponential, type Random } from '../../shared/math/random.ts';

/** Rate of arrivals from `fromMs` until the next piece. */
export interface RatePiece {
  readonly fromMs: number;
  readonly requestsPerSecond: number;
}

/**
 * A Poisson process with a piecewise constant rate. Gaps are drawn for rate 1 and scaled by the rate of the piece that they
 * fall in, so a change of the rate does not change the draws. `pieces` are in order and begin at 0.
 */
export class Arrivals {
  readonly #pieces: readonly RatePiece[];
  readonly #random: Random;
  #piece = 0;
  #atMs = 0;

  constructor(pieces: readonly RatePiece[], random: Random) {
    this.#pieces = pieces;
    this.#random = random;
  }

  /** The instant of the next arrival, in ms; Infinity where no more come. */
  next(): number {
    let gap = exponential(this.#random, 1);
    for (;;) {
      const perMs = (this.#pieces[this.#piece]?.requestsPerSecond ?? 0) / 1_000;
      const endMs = this.#pieces[this.#piece + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
      const atMs = perMs === 0 ? Number.POSITIVE_INFINITY : this.#atMs + gap / perMs;
      if (atMs < endMs || endMs === Number.POSITIVE_INFINITY) {
        this.#atMs = atMs;
        return atMs;
      }
      gap -= (endMs - this.#atMs) * perMs;
      this.#atMs = endMs;
      this.#piece += 1;
    }
  }
}

/** Expected number of requests until then. */
export function expectedRequests(pieces: readonly RatePiece[], untilMs: number): number {
  return pieces.reduce((sum, { fromMs, requestsPerSecond }, index) => {
    const endMs = Math.min(untilMs, pieces[index + 1]?.fromMs ?? untilMs);
    return sum + (Math.max(0, endMs - fromMs) / 1_000) * requestsPerSecond;
  }, 0);
}
