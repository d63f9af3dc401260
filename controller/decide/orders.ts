/** What a tick leaves to the looks between ticks, for one server in rotation. */
export interface Order {
  /** Its weight with the breaker closed and the ramp over, 0 to 256; 0: drained. */
  readonly full: number;
  /** The same if it were not drained, 1 to 256. */
  readonly undrained: number;
  /** Requests per second that it can do, above 0; null: nothing is known of the backend's capacity. */
  readonly capacity: number | null;
  /** Effective cores, or 1 for every server where they are not known of all. */
  readonly size: number;
  /** Servers with the same text run on the same machine. */
  readonly machine: string;
  /** Part of its responses 4xx that counts as errors, because its share of them stands out, 0 to 1. */
  readonly refusing: number;
  /** What the tick decided of its limit; null: it is not ours to set. */
  readonly limit: OrderedLimit | null;
}

/** A limit that the looks watch, and open where it is found wrong. */
export interface OrderedLimit {
  /** Most requests at once; null: as configured. */
  readonly most: number | null;
  /** `fullconn` of a limit that HAProxy scales with the load; null: it does not. */
  readonly fullconn: number | null;
  /** The one of HAProxy's configuration; null: none. */
  readonly configured: number | null;
}

/** By server. */
export type Orders = ReadonlyMap<string, Order>;
