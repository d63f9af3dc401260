/**
 * Bounds the memory that waits for clients to read. A body that many wait for counts once, because all share it; what grows
 * are the different ones: the status of each tick. Beyond the limit, those who wait for the oldest one are cut off.
 */
export class UnreadAnswers {
  readonly #limitBytes: number;
  /** Each body with those who wait for it, oldest first. */
  readonly #waiting = new Map<Buffer, Set<() => void>>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Counts a body until the function that it gives is called; `cutOff` ends the connection before. */
  add(body: Buffer, cutOff: () => void): () => void {
    const waiting = this.#waiting.get(body) ?? new Set();
    if (waiting.size === 0) {
      this.#waiting.set(body, waiting);
      this.#bytes += body.length;
    }
    waiting.add(cutOff);
    while (this.#bytes > this.#limitBytes && this.#waiting.size > 1) this.#cutOffOldest();
    return () => {
      if (waiting.delete(cutOff) && waiting.size === 0) this.#forget(body);
    };
  }

  get bytes(): number {
    return this.#bytes;
  }

  #cutOffOldest(): void {
    const [oldest] = this.#waiting;
    if (oldest === undefined) return;
    const [body, waiting] = oldest;
    this.#forget(body);
    for (const cutOff of [...waiting]) {
      waiting.delete(cutOff);
      cutOff();
    }
  }

  #forget(body: Buffer): void {
    if (this.#waiting.delete(body)) this.#bytes -= body.length;
  }
}
