/** The guard's constants. docs/configuration.md gives the reason of each. */
export interface GuardSettings {
  /** A drained server comes back when every metric is this far under its threshold, 0 to 0.5. */
  readonly returnMargin: number;
  /** Most of the pool's capacity, and of its machines, that may be drained or ejected at once, 0 to 0.5. */
  readonly maxDrainedShare: number;
  /** How long a server that answers errors is left without requests the first time, in ms; then twice as long each, up to a minute. */
  readonly ejectMs: number;
  /** Least weight of a server that is not drained, as a share of the mean, 0 to 0.5. */
  readonly floor: number;
  /** A weight is not written while it differs from HAProxy's by no more than this share of the larger, 0 to 0.5. */
  readonly deadband: number;
}

export const defaultGuardSettings: GuardSettings = {
  returnMargin: 0.1,
  maxDrainedShare: 0.5,
  ejectMs: 5_000,
  floor: 0.02,
  deadband: 0.02,
};
