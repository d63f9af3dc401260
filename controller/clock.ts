export interface Clock {
  /** Monotonic, in ms: for ages and durations. */
  readonly monotonicMs: () => number;
  /** Wall clock, in ms since 1970: for people. */
  readonly wallMs: () => number;
}

export const systemClock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
