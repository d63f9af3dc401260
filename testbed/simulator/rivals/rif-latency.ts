import { median } from '../../../shared/math/statistics.ts';

/** Answers that are kept for each number of requests in flight. */
const kept = 15;
/** Older ones say nothing of now. */
const recentMs = 10_000;

interface Answer {
  readonly endedMs: number;
  readonly tookMs: number;
}

/**
 * At the server: how long requests took, by the number of requests in flight (RIF) that each found when it came. The estimate for
 * a new request is the median of the recent ones that found as many as there are now, or else the nearest number that any found,
 * scaled as if requests shared the server equally: without that, a server that has been emptied is avoided for as long as its
 * full times are recent, and at 95 % of a fleet's capacity the others fill up.
 */
export class RifLatency {
  readonly #byRif: Answer[][] = [];

  record(rif: number, tookMs: number, endedMs: number): void {
    while (this.#byRif.length <= rif) this.#byRif.push([]);
    const answers = this.#byRif[rif] ?? [];
    answers.push({ endedMs, tookMs });
    if (answers.length > kept) answers.shift();
  }

  /** In ms; 0 where nothing recent is known, so that a server is tried again. */
  estimate(rif: number, nowMs: number): number {
    const last = Math.max(rif, this.#byRif.length - 1 - rif);
    for (let distance = 0; distance <= last; distance += 1) {
      const below = this.#scaled(rif - distance, rif, nowMs);
      const above = distance === 0 ? [] : this.#scaled(rif + distance, rif, nowMs);
      const middle = median([...below, ...above]);
      if (middle !== null) return middle;
    }
    return 0;
  }

  #scaled(found: number, rif: number, nowMs: number): number[] {
    const recent = (this.#byRif[found] ?? []).filter(({ endedMs }) => nowMs - endedMs <= recentMs);
    return recent.map(({ tookMs }) => (tookMs * (rif + 1)) / (found + 1));
  }
}
