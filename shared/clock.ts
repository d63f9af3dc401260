/** Where the time comes from, so that tests can set it. */
export interface Clock {
  /** Milliseconds from some fixed moment; never jumps: for ages and durations. */
  readonly monotonicMs: () => number;
  /** Milliseconds since 1970; jumps when the clock is set: for people. */
  readonly wallMs: () => number;
}

export const systemClock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
