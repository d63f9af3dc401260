export interface LaneSettings {
  /** How long a breaker is open the first time, in ms. */
  readonly ejectMs: number;
  /** Most of the machines, and of the cores, that may be out at once, 0 to 0.5. */
  readonly maxDrainedShare: number;
}
