import type { Reason } from './decision.ts';
import type { Observation } from './observation.ts';
import type { MetricName } from './snapshot.ts';

/** Factors of equation (1). They sum to 1. */
export interface LoadFactors {
  readonly cpu: number;
  readonly ram: number;
  readonly bandwidth: number;
  readonly threads: number;
}

/** Utilisation (0 to 1) of each metric at which a server counts as overloaded. */
export type Thresholds = Readonly<Record<MetricName, number>>;

/** What a policy is given. Observations are those in rotation only. */
export interface PolicyInput {
  readonly observations: readonly Observation[];
  readonly factors: LoadFactors;
  readonly thresholds: Thresholds;
  /** The backend's algorithm as HAProxy names it; null if it does not say. */
  readonly algorithm: string | null;
  /** Since the tick before, in ms: the time over which `traffic` was counted. */
  readonly elapsedMs: number;
}

/** What a policy says of one server. */
export interface Verdict {
  /** Relative weight > 0 (or 0, from the literal paper only); null: no verdict, hold what was learned. */
  readonly weight: number | null;
  readonly load: number | null;
  readonly delta: number | null;
  /** Requests per second that the server can do, as far as the policy has learned it; absent or null: it has not. */
  readonly capacity?: number | null;
  readonly reasons: readonly Reason[];
}

/** How the guard follows a policy: the policy's share of the loop's dynamics. */
export interface Dynamics {
  /** EWMA gain on the logarithm of the weight, 0 < gain <= 1 per tick. */
  readonly gain: number;
  /** Largest step of that logarithm per tick. */
  readonly maxStep: number;
  /**
   * Who answers a server near saturation. `guard`: it cuts the policy's weight by degrees and drains. `policy`: the policy cuts for
   * itself, and nothing but errors drains a server. `shared`: the policy answers what follows the
   * requests, queues included; the guard cuts for RAM, by small steps, and drains.
   */
  readonly overload: 'guard' | 'policy' | 'shared';
  /** The policy means one server to have nearly all of the traffic. */
  readonly concentrates?: true;
}

/**
 * A pure policy from observations to relative weights: no clock, no I/O, no randomness, no memory but `state`.
 * `state` is plain JSON. The order of observations does not matter.
 */
export interface Policy<State = unknown> {
  readonly name: string;
  /** null: the literal paper, applied without smoothing or guard. */
  readonly dynamics: Dynamics | null;
  readonly initialState: State;
  /** The state without these servers: another server has the name now. Absent where the state names no server. */
  forget?(state: State, servers: ReadonlySet<string>): State;
  decide(input: PolicyInput, state: State): { readonly verdicts: ReadonlyMap<string, Verdict>; readonly state: State };
}
