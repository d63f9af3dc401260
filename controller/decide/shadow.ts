import type { Decision } from '../../shared/contract/decision.ts';
import { isAnotherServer } from '../../shared/contract/identity.ts';
import type { Observation } from '../../shared/contract/observation.ts';
import type { Policy } from '../../shared/contract/policy.ts';
import { type DecideInput, type DecideState, decide, initialDecideState } from './decide.ts';

/** One tick as a policy that is not in force sees it: the observations are the real ones. */
export interface ShadowInput extends DecideInput {
  /** What the policy in force decided on the same observations. */
  readonly inForce: readonly Decision[];
  /** Whether HAProxy took what the policy in force decided. If it did not, it would not have taken the shadow's either. */
  readonly written: boolean;
}

/** What is remembered from tick to tick of one policy beside the one in force. */
export interface ShadowState {
  readonly decide: DecideState;
  /** The virtual weights, 0 to 256: what this policy would have left in HAProxy. */
  readonly weights: ReadonlyMap<string, number>;
  /** The weights that HAProxy has if only the policy in force wrote any. Empty: not known. */
  readonly expected: ReadonlyMap<string, number>;
}

export function initialShadowState(policy: Policy): ShadowState {
  return { decide: initialDecideState(policy), weights: new Map(), expected: new Map() };
}

/**
 * What a policy would have decided had it been in force. It gets the same observations, but with the weights that it would have
 * left in HAProxy instead of HAProxy's. Pure. Used for live shadows and for replays of a recording.
 */
export function shadowTick(
  input: ShadowInput,
  state: ShadowState,
): { readonly decisions: readonly Decision[]; readonly state: ShadowState } {
  const { inForce, written, ...real } = input;
  const observations = input.observations.map((observation) => {
    return { ...observation, currentWeight: virtualWeight(observation, state) };
  });
  const outcome = decide({ ...real, observations }, state.decide);
  return {
    decisions: outcome.decisions,
    state: {
      decide: outcome.state,
      weights: leftWeights(observations, outcome.decisions, written),
      expected: leftWeights(input.observations, inForce, written),
    },
  };
}

/**
 * HAProxy's own weight where the virtual one means nothing: the server is new, its counters were reset (a reload or a
 * restart), another server has its name, or its weight is not what the policy in force left, so another writer has set it.
 */
function virtualWeight(observation: Observation, { weights, expected, decide: { known } }: ShadowState): number {
  const { server, currentWeight, traffic } = observation;
  const wasOverwritten = expected.has(server) && expected.get(server) !== currentWeight;
  const place = known.get(server)?.place;
  const isAnother = place !== undefined && isAnotherServer(place, observation);
  return traffic === null || wasOverwritten || isAnother ? currentWeight : (weights.get(server) ?? currentWeight);
}

function leftWeights(observations: readonly Observation[], decisions: readonly Decision[], written: boolean) {
  const before = observations.map(({ server, currentWeight }) => [server, currentWeight] as const);
  const after = written ? decisions.map(({ server, weight }) => [server, weight] as const) : [];
  return new Map([...before, ...after]);
}
