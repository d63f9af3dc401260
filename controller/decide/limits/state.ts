import type { Refutation } from '../../../shared/contract/server-limit.ts';
import { nothingKnown, type Unqueued } from './unqueued.ts';

/** What is remembered of one server's limit. */
export interface LimitMemory {
  readonly unqueued: Unqueued;
  /** The last proven limit; null: none since it was last open. */
  readonly limit: number | null;
  /** How the last one was found wrong, until another is proven; null: it was not. */
  readonly refuted: Refutation | null;
  /** How often, in a row. */
  readonly times: number;
}

export const noMemory: LimitMemory = { unqueued: nothingKnown, limit: null, refuted: null, times: 0 };

/** What is remembered of the limits of one backend. */
export interface LimitsState {
  readonly servers: ReadonlyMap<string, LimitMemory>;
  /** Most requests in flight, about, at a tick at which every server had little to do. */
  readonly wellInFlight: number;
  /** For how long limits that scale with the load stay off, because they were found wrong, in ms. */
  readonly unboundForMs: number;
  /** How they were, the last time; and how often. */
  readonly unbound: Refutation | null;
  readonly timesUnbound: number;
}

export const noLimitsYet: LimitsState = {
  servers: new Map(),
  wellInFlight: 0,
  unboundForMs: 0,
  unbound: null,
  timesUnbound: 0,
};
