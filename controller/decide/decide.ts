import type { Decision } from '../../shared/contract/decision.ts';
import type { Observation } from '../../shared/contract/observation.ts';
import type { LoadFactors, Policy, Thresholds, Verdict } from '../../shared/contract/policy.ts';
import { guard } from './guard/guard.ts';
import type { GuardSettings } from './guard/settings.ts';
import { type GuardState, initialGuardState } from './guard/state.ts';

export interface DecideInput {
  readonly observations: readonly Observation[];
  readonly policy: Policy;
  readonly factors: LoadFactors;
  readonly thresholds: Thresholds;
  readonly guard: GuardSettings;
  /** The backend's algorithm as HAProxy names it; null if it does not say. */
  readonly algorithm: string | null;
  /** Since the tick before (the period, at the first), in ms. */
  readonly elapsedMs: number;
}

/** What is remembered from tick to tick for one backend. */
export interface DecideState {
  readonly policy: unknown;
  readonly guard: GuardState;
}

export function initialDecideState(policy: Policy): DecideState {
  return { policy: policy.initialState, guard: initialGuardState };
}

/**
 * One tick for one backend: a decision for every server that HAProxy has, in the order of the observations. Pure.
 * Servers that are not in rotation are left alone. The literal paper is applied without the guard, every other policy through
 * it.
 */
export function decide(input: DecideInput, state: DecideState): { decisions: readonly Decision[]; state: DecideState } {
  const inRotation = input.observations.filter(({ exclusion }) => exclusion === null);
  const { factors, thresholds, policy, algorithm, elapsedMs } = input;
  const { verdicts, state: remembered } = policy.decide(
    { observations: inRotation, factors, thresholds, algorithm, elapsedMs },
    state.policy,
  );
  const outcome =
    policy.dynamics === null
      ? { decisions: asThePolicySays(inRotation, verdicts), state: state.guard }
      : guard(
          {
            observations: inRotation,
            present: new Set(input.observations.map(({ server }) => server)),
            verdicts,
            dynamics: policy.dynamics,
            thresholds,
            settings: input.guard,
            algorithm,
            elapsedMs,
          },
          state.guard,
        );
  const decided = new Map(outcome.decisions.map((decision) => [decision.server, decision]));
  const decisions = input.observations.map((observation) => decided.get(observation.server) ?? leaveAlone(observation));
  return { decisions, state: { policy: remembered, guard: outcome.state } };
}

function asThePolicySays(observations: readonly Observation[], verdicts: ReadonlyMap<string, Verdict>): Decision[] {
  return observations.map(({ server, currentWeight }) => {
    const verdict = verdicts.get(server);
    const weight = verdict?.weight ?? currentWeight;
    return {
      server,
      weight,
      write: weight !== currentWeight,
      drained: weight === 0,
      load: verdict?.load ?? null,
      delta: verdict?.delta ?? null,
      reasons: verdict?.reasons ?? [],
    };
  });
}

function leaveAlone({ server, currentWeight, exclusion }: Observation): Decision {
  return {
    server,
    weight: currentWeight,
    write: false,
    drained: false,
    load: null,
    delta: null,
    reasons: exclusion === null ? [] : [{ code: 'excluded', exclusion }],
  };
}
