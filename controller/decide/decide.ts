import type { Decision, Reason } from '../../shared/contract/decision.ts';
import { maxWeight } from '../../shared/contract/limits.ts';
import type { Observation } from '../../shared/contract/observation.ts';
import type { Dynamics, LoadFactors, Policy, Thresholds, Verdict } from '../../shared/contract/policy.ts';
import type { LimitMode } from '../../shared/contract/server-limit.ts';
import { type BesideOthersState, besideOthers, nothingLeft, toGuardScale } from './beside-others.ts';
import { type GuardOutcome, guard } from './guard/guard.ts';
import type { GuardSettings } from './guard/settings.ts';
import { type GuardState, initialGuardState } from './guard/state.ts';
import { type KnownServers, type Recognised, recognise, withoutServers } from './known-servers.ts';
import { type LimitsState, noLimitsYet } from './limits/state.ts';
import { withLimits } from './limits/with-limits.ts';
import type { Order, Orders } from './orders.ts';
import { type AnswersByServer, judgeRefusals } from './quick-refusals.ts';

export interface DecideInput {
  readonly observations: readonly Observation[];
  readonly policy: Policy;
  readonly factors: LoadFactors;
  readonly thresholds: Thresholds;
  readonly guard: GuardSettings;
  readonly limits: LimitMode;
  /** The backend's algorithm as HAProxy names it; null if it does not say. */
  readonly algorithm: string | null;
  /** Since the tick before (the period, at the first), in ms. */
  readonly elapsedMs: number;
}

/** What is remembered from tick to tick for one backend. */
export interface DecideState {
  readonly known: KnownServers;
  readonly answers: AnswersByServer;
  readonly policy: unknown;
  readonly guard: GuardState;
  readonly beside: BesideOthersState;
  readonly limits: LimitsState;
}

export function initialDecideState(policy: Policy): DecideState {
  return {
    known: new Map(),
    answers: new Map(),
    policy: policy.initialState,
    guard: initialGuardState,
    beside: nothingLeft,
    limits: noLimitsYet,
  };
}

/**
 * One tick for one backend: a decision for every server that HAProxy has, in the order of the observations. Pure.
 * Servers that are not in rotation are left alone, and not outscaled. The literal paper is applied without the guard and without
 * regard to them, every other policy through the guard.
 */
export function decide(
  input: DecideInput,
  state: DecideState,
): { decisions: readonly Decision[]; orders: Orders; state: DecideState } {
  const recognised = recognise(input.observations, state.known, input.elapsedMs);
  const before = withoutReplaced(state, recognised, input.policy);
  if (input.policy.dynamics === null) {
    const { verdicts, state: policy } = verdictsOf({ ...input, observations: recognised.observations }, before);
    const decided = asThePolicySays(recognised.observations.filter(isInRotation), verdicts);
    const decisions = inOrder(recognised.observations, decided);
    return { decisions, orders: new Map(), state: { ...before, policy } };
  }
  const judged = judgeRefusals(recognised.observations, before.answers);
  const observations = toGuardScale(judged.observations, before.beside);
  const seen = { ...input, observations };
  const { verdicts, state: policy } = verdictsOf(seen, before);
  const guarded = throughGuard(seen, input.policy.dynamics, verdicts, before.guard);
  const decided = guarded.decisions.map((decision) => withCause(decision, judged.reasons.get(decision.server)));
  const beside = besideOthers(recognised.observations, inOrder(observations, decided), input.elapsedMs, before.beside);
  const orders = ordersOf(guarded.full, judged.reasons, recognised.observations, beside.scale);
  const limitable = { ...input, observations: recognised.observations, orders };
  const limited = withLimits(beside.decisions, limitable, before.limits);
  const { answers } = judged;
  return {
    decisions: limited.decisions,
    orders: limited.orders,
    state: { ...before, answers, policy, guard: guarded.state, beside: beside.state, limits: limited.state },
  };
}

/** Another server under the same name is a newcomer: nothing of its predecessor is left. */
function withoutReplaced(state: DecideState, { replaced, known }: Recognised, policy: Policy): DecideState {
  if (replaced.size === 0) return { ...state, known };
  return {
    known,
    answers: withoutServers(state.answers, replaced),
    policy: policy.forget?.(state.policy, replaced) ?? state.policy,
    guard: { ...state.guard, servers: withoutServers(state.guard.servers, replaced) },
    beside: { ...state.beside, left: withoutServers(state.beside.left, replaced) },
    limits: { ...state.limits, servers: withoutServers(state.limits.servers, replaced) },
  };
}

function isInRotation({ exclusion }: Observation): boolean {
  return exclusion === null;
}

function verdictsOf(
  { observations, factors, thresholds, policy, algorithm, elapsedMs }: DecideInput,
  before: DecideState,
) {
  const inRotation = observations.filter(isInRotation);
  return policy.decide({ observations: inRotation, factors, thresholds, algorithm, elapsedMs }, before.policy);
}

function throughGuard(
  input: DecideInput,
  dynamics: Dynamics,
  verdicts: ReadonlyMap<string, Verdict>,
  before: GuardState,
): GuardOutcome {
  const { observations, thresholds, algorithm, elapsedMs, guard: settings } = input;
  const present = new Set(observations.map(({ server }) => server));
  const inRotation = observations.filter(isInRotation);
  return guard(
    { observations: inRotation, present, verdicts, dynamics, thresholds, settings, algorithm, elapsedMs },
    before,
  );
}

/** `scale`: HAProxy's weights over the guard's. What is left to another writer has no order. */
function ordersOf(
  weights: GuardOutcome['full'],
  reasons: ReadonlyMap<string, Reason>,
  observations: readonly Observation[],
  scale: number,
): Orders {
  const scaled = (weight: number) => (weight === 0 ? 0 : Math.min(maxWeight, Math.max(1, Math.round(weight * scale))));
  const ours = observations.filter(({ server, leftToOther }) => weights.has(server) && leftToOther !== true);
  return new Map(
    ours.map(({ server, machine }): [string, Order] => {
      const { full = 0, undrained = 1, size = 1, capacity = null } = weights.get(server) ?? {};
      const reason = reasons.get(server);
      const refusing = reason?.code === 'client-errors' ? (reason.share - reason.others) / reason.share : 0;
      return [
        server,
        { full: scaled(full), undrained: scaled(undrained), capacity, size, machine, refusing, limit: null },
      ];
    }),
  );
}

function withCause(decision: Decision, reason: Reason | undefined): Decision {
  return reason === undefined ? decision : { ...decision, reasons: [reason, ...decision.reasons] };
}

function inOrder(observations: readonly Observation[], decided: readonly Decision[]): readonly Decision[] {
  const byServer = new Map(decided.map((decision) => [decision.server, decision]));
  return observations.map((observation) => byServer.get(observation.server) ?? leaveAlone(observation));
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
