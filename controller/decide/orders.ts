/** What a tick leaves to the looks between ticks, for one server in rotation. */
export interface Order {
  /** Its weight with the breaker closed and the ramp over, 0 to 256; 0: drained. */
  readonly full: number;
  /** Requests per second that it can do, above 0; null: nothing is known of the backend's capacity. */
  readonly capacity: number | null;
}

/** By server. */
export type Orders = ReadonlyMap<string, Order>;
