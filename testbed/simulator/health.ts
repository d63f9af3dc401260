/** HAProxy's `inter`, `fall` and `rise`. */
export const checkEveryMs = 1_000;
const fall = 3;
const rise = 2;
/** Health counts up to here; from `rise` on the server is up. */
const full = rise + fall - 1;

/** One HAProxy's health checks of one server: `fall` failures in a row make it DOWN, `rise` successes UP. */
export class Health {
  #health = full;
  #sinceMs = 0;

  get up(): boolean {
    return this.#health >= rise;
  }

  /** The status as in `show stat`. */
  get status(): string {
    if (this.#health === full) return 'UP';
    if (this.up) return `UP ${this.#health - rise + 1}/${fall}`;
    return this.#health === 0 ? 'DOWN' : `DOWN ${this.#health}/${rise}`;
  }

  /** How long it has been up or down, in ms; HAProxy counts whole seconds. */
  inStateForMs(nowMs: number): number {
    return Math.floor((nowMs - this.#sinceMs) / 1_000) * 1_000;
  }

  check(passed: boolean, nowMs: number): void {
    const wasUp = this.up;
    if (passed) this.#health = this.#health + 1 >= rise ? full : this.#health + 1;
    else this.#health = this.#health > rise ? this.#health - 1 : 0;
    if (this.up !== wasUp) this.#sinceMs = nowMs;
  }
}
