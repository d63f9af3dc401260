/** Where the time comes from, so that tests can turn the hands. */
export interface Clock {
  /** Milliseconds from some fixed moment; never jumps. */
  monotonicMs(): number;
  /** Milliseconds since 1970; may jump when somebody sets the clock. */
  wallMs(): number;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};
