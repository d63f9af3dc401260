export interface LaneSettings {
  /** How long a breaker is open the first time, in ms. */
  readonly ejectMs: number;
  /** Most of the servers, of their machines and of their capacity that may be out at once, 0 to 0.5. */
  readonly maxDrainedShare: number;
}
