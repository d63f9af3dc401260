/** What a server has with its breaker closed and its ramp over, on the guard's scale. */
export interface FullWeight {
  /** 0 to 256; 0: drained. */
  readonly full: number;
  /** The same without a drain, 1 to 256. */
  readonly undrained: number;
  /** Effective cores, or 1 for every server where they are not known of all. */
  readonly size: number;
  /** Requests per second that it can do; null: not known. */
  readonly capacity: number | null;
}
