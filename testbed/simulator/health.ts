/** HAProxy's `inter`, `fall` and `rise`. */
export const checkEveryMs = 1_000;
const fall = 3;
const rise = 2;
/** Health counts up to here; from `rise` on the server is up. */
const full = rise + fall - 1;
/** `error-limit` of `observe layer4 error-limit 3 on-error mark-down`. */
const errorLimit = 3;

/** One HAProxy's health checks of one server: `fall` failures in a row make it DOWN, `rise` successes UP. */
export class Health {
  #health = full;
  #sinceMs = 0;
  /** Connections refused in a row. */
  #refused = 0;

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

  /** `observe layer4`: what became of a request's connection. */
  observe(connected: boolean, nowMs: number): void {
    this.#refused = connected ? 0 : this.#refused + 1;
    if (this.#refused < errorLimit) return;
    this.#refused = 0;
    if (this.up) this.#sinceMs = nowMs;
    this.#health = 0;
  }
}
