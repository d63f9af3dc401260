/** A fact that changes rarely (a limit, a link's speed) and is therefore read rarely. */
export class SlowFact<T> {
  readonly #read: () => T;
  readonly #periodMs: number;
  #known: { readonly value: T; readonly atMs: number } | null = null;

  constructor(read: () => T, periodMs = 10_000) {
    this.#read = read;
    this.#periodMs = periodMs;
  }

  at(nowMs: number): T {
    if (this.#known === null || nowMs - this.#known.atMs >= this.#periodMs) {
      this.#known = { value: this.#read(), atMs: nowMs };
    }
    return this.#known.value;
  }

  forget(): void {
    this.#known = null;
  }
}
