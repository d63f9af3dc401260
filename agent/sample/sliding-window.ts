/** Keeps what is needed to look back over a window of time, and no more. */
export class SlidingWindow<T extends { readonly atMs: number }> {
  readonly #windowMs: number;
  #items: T[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Adds the newest, and returns the one that the window begins with; null while the window is not full. */
  add(last: T): T | null {
    const before = this.#items.at(-1);
    // Timers are early or late by a little: half a step more or less is the same window.
    const slackMs = before === undefined ? 0 : (last.atMs - before.atMs) / 2;
    const beginsBy = last.atMs - this.#windowMs + slackMs;
    const index = this.#items.findLastIndex(({ atMs }) => atMs <= beginsBy);
    if (index > 0) this.#items.splice(0, index);
    this.#items.push(last);
    return index < 0 ? null : (this.#items[0] ?? null);
  }

  /** The oldest that is kept. */
  get oldest(): T | null {
    return this.#items[0] ?? null;
  }

  clear(): void {
    this.#items = [];
  }
}
