import type { Decision, Reason } from '../../../shared/contract/decision.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import type { Dynamics, Thresholds, Verdict } from '../../../shared/contract/policy.ts';
import { sum } from '../../../shared/math/statistics.ts';
import { heldVerdict } from '../policies/held.ts';
import { type DrainOutcome, type DrainSubject, decideDrains } from './drain.ts';
import { decideEjections, type EjectSubject, neverEjected } from './eject.ts';
import { errorFactor } from './errors.ts';
import { holdAll, whyHold } from './hold.ts';
import { type Entry, learnWeights, observeServer, withStartingWeights } from './learn.ts';
import { remember, sinceLastWrite } from './memory.ts';
import { applyFloor, toIntegers } from './scale.ts';
import type { GuardSettings } from './settings.ts';
import { limitShares } from './share-limit.ts';
import { type GuardState, isEjected, newcomer, type ServerMemory } from './state.ts';
import { decideWrite, hasSettled } from './write.ts';

/** From this smoothed share of errors on, a server's new weight does not wait for roundrobin to settle. */
const urgentErrorShare = 0.1;

/** A server of which this smoothed share of the answers are errors does not carry the work of one that is drained. */
const failingErrorShare = 0.5;

export interface GuardInput {
  /** Servers in rotation. */
  readonly observations: readonly Observation[];
  /** Every server that HAProxy has in the backend: others are forgotten. */
  readonly present: ReadonlySet<string>;
  readonly verdicts: ReadonlyMap<string, Verdict>;
  readonly dynamics: Dynamics;
  readonly thresholds: Thresholds;
  readonly settings: GuardSettings;
  /** The backend's algorithm as HAProxy names it; null if it does not say. */
  readonly algorithm: string | null;
  /** Since the tick before, in ms. */
  readonly elapsedMs: number;
}

export interface GuardOutcome {
  readonly decisions: readonly Decision[];
  readonly state: GuardState;
}

/**
 * What no policy may break: from a policy's relative weights to what HAProxy gets. Pure. The order: take in the tick,
 * hold everything if most agents are silent, learn, eject, drain or release, cut for errors, ramp, floor, scale, and write
 * only what differs enough.
 */
export function guard(input: GuardInput, before: GuardState): GuardOutcome {
  const entries = input.observations.map((observation) => takeIn(observation, input, before));
  const hold = whyHold(entries);
  if (hold !== null) {
    const { present, elapsedMs, settings } = input;
    return holdAll({ entries, present, elapsedMs, rampStep: settings.rampStep }, hold, before);
  }

  const started = withStartingWeights(entries, before.started);
  const learned = learnWeights(started, input.dynamics, input.thresholds);
  const served = eject(learned, input);
  const drains = drainsOf(served, input);
  const ruled = served.map((entry) =>
    applyDrain(
      entry,
      drains.drained.has(entry.observation.server),
      drains.reasons.get(entry.observation.server),
      input,
    ),
  );
  return write(ruled, input, before);
}

/** A server that joined, or came back, starts its ramp; one that was there at our first tick does not. */
function takeIn(observation: Observation, input: GuardInput, before: GuardState): Entry {
  const known = before.servers.get(observation.server) ?? newcomer;
  // weight 0 at our first tick was left behind by a controller that was killed: it comes back like any other
  const joins = before.started ? !known.inRotation : observation.currentWeight === 0;
  const { rampStep } = input.settings;
  const memory: ServerMemory = joins
    ? { ...newcomer, logWeight: known.logWeight, errorShare: known.errorShare, inRotation: true, ramp: rampStep }
    : { ...known, inRotation: true, ramp: Math.min(1, known.ramp + rampStep) };
  return {
    observation,
    verdict: input.verdicts.get(observation.server) ?? heldVerdict(observation),
    memory: observeServer(observation, memory, input.thresholds),
    reasons: [],
  };
}

/** Effective cores, or 1 for every server where they are not known of all. */
function sizesOf(entries: readonly Entry[]): number[] {
  const allSized = entries.every(({ memory }) => memory.effectiveCores !== null);
  return entries.map(({ memory }) => (allSized ? (memory.effectiveCores ?? 1) : 1));
}

function eject(entries: readonly Entry[], { algorithm, elapsedMs, settings }: GuardInput): Entry[] {
  const sizes = sizesOf(entries);
  const subjects = entries.map(({ observation: { server, traffic }, memory }, index): EjectSubject => {
    const { ejection, errorShare } = memory;
    return { server, ejection, errorShare, errors: traffic?.errors ?? 0, capacity: sizes[index] ?? 1 };
  });
  const { ejections, reasons } = decideEjections(subjects, algorithm === 'leastconn', elapsedMs, settings);
  return entries.map((entry) => {
    const { server } = entry.observation;
    const memory = { ...entry.memory, ejection: ejections.get(server) ?? neverEjected };
    const returned = isEjected(entry.memory) && !isEjected(memory);
    const reason = reasons.get(server);
    return {
      ...entry,
      memory: returned ? { ...memory, ramp: settings.rampStep } : memory,
      reasons: reason === undefined ? entry.reasons : [...entry.reasons, reason],
    };
  });
}

/** Drains among the servers that are not ejected; where the policy answers overload itself there are none. */
function drainsOf(entries: readonly Entry[], { dynamics, thresholds, settings }: GuardInput): DrainOutcome {
  if (dynamics.overload === 'policy') return { drained: new Set(), reasons: new Map() };
  const subjects = toSubjects(entries);
  const out = new Set(entries.filter(({ memory }) => isEjected(memory)).map(({ observation }) => observation.server));
  const capacityOf = (some: readonly DrainSubject[]) => sum(some.map(({ capacity }) => capacity));
  const pool = {
    capacity: capacityOf(subjects),
    ejected: { servers: out.size, capacity: capacityOf(subjects.filter(({ server }) => out.has(server))) },
  };
  return decideDrains(
    subjects.filter(({ server }) => !out.has(server)),
    pool,
    thresholds,
    settings,
  );
}

function toSubjects(entries: readonly Entry[]): DrainSubject[] {
  const sizes = sizesOf(entries);
  const requests = entries.map(({ observation: { traffic } }) => (traffic === null ? 0 : traffic.ok + traffic.errors));
  // a handful of requests says less about the shares than the weights do
  const flows = sum(requests) >= 20 ? requests : entries.map(({ observation }) => observation.currentWeight);
  const total = Math.max(1, sum(flows));
  return entries.map(({ observation, memory }, index) => ({
    server: observation.server,
    fresh: observation.agent.state === 'fresh',
    drained: memory.drained,
    ramping: memory.ramp < 1,
    utilisation: memory.utilisation,
    overTicks: memory.overTicks,
    failing: memory.errorShare > failingErrorShare,
    capacity: sizes[index] ?? 1,
    trafficShare: (flows[index] ?? 0) / total,
  }));
}

function applyDrain(entry: Entry, drained: boolean, reason: Reason | undefined, input: GuardInput): Entry {
  const returned = entry.memory.drained && !drained;
  const ramp = returned ? input.settings.rampStep : entry.memory.ramp;
  const reasons = reason === undefined ? entry.reasons : [...entry.reasons, reason];
  // recovered means that no metric is near saturation: there is nothing left to cut for
  const recovered = reason?.code === 'released' && reason.because === 'recovered';
  const logGrade = recovered ? 0 : entry.memory.logGrade;
  return { ...entry, memory: { ...entry.memory, drained, ramp, logGrade }, reasons };
}

function write(entries: readonly Entry[], input: GuardInput, before: GuardState): GuardOutcome {
  const weights = scaledWeights(entries, input);
  const progress = sinceLastWrite(before, entries);
  const settled =
    input.algorithm !== 'roundrobin' ||
    hasSettled(progress.requestsSinceWrite, progress.ticksSinceWrite, entries.length);
  const decisions = entries.map(({ observation, verdict, memory, reasons }): Decision => {
    const { weight: wanted, steps } = weights.get(observation.server) ?? { weight: 0, steps: [] };
    const { deadband } = input.settings;
    const { leftWeight, ramp, errorShare } = memory;
    const urgent = ramp < 1 || errorShare > urgentErrorShare;
    const outcome = decideWrite({ observation, weight: wanted, leftWeight, deadband, settled, urgent });
    return {
      server: observation.server,
      weight: outcome.weight,
      write: outcome.write,
      drained: isOut(memory),
      load: verdict.load,
      delta: verdict.delta,
      reasons: [...reasons, ...steps, ...outcome.reasons],
    };
  });
  const left = new Map(decisions.map(({ server, weight }) => [server, weight]));
  const memories = entries.map(({ observation: { server }, memory }) => {
    return [server, { ...memory, leftWeight: left.get(server) ?? null }] as const;
  });
  const sinceWrite = decisions.some((each) => each.write) ? { requestsSinceWrite: 0, ticksSinceWrite: 0 } : progress;
  return {
    decisions,
    state: { started: true, blindForMs: null, servers: remember(before, memories, input.present), ...sinceWrite },
  };
}

/** Weight 0 by our decision. */
function isOut(memory: ServerMemory): boolean {
  return memory.drained || isEjected(memory);
}

/** Integer weights of the servers that are not out, with the steps that led there. */
function scaledWeights(entries: readonly Entry[], { dynamics, settings }: GuardInput) {
  const learned = entries.map(({ memory }) => Math.exp(memory.logWeight ?? 0));
  const configured = entries.map(({ observation }) => observation.configuredWeight);
  const limited = dynamics.concentrates ? learned : limitShares(learned, configured);
  const open = entries
    .map((entry, index) => ({ ...entry, limit: (limited[index] ?? 1) / (learned[index] ?? 1) }))
    .filter(({ memory }) => !isOut(memory));
  const relative = open.map(({ memory, limit }) => {
    const grown = Math.exp((memory.logWeight ?? 0) + memory.logGrade) * limit;
    return grown * errorFactor(memory.errorShare) * memory.ramp;
  });
  const floored = applyFloor(relative, settings.floor);
  const integers = toIntegers(floored);
  return new Map(
    open.map(({ observation, memory, limit }, index) => {
      const weight = integers[index] ?? 1;
      const last = lastSteps(memory, relative[index] ?? 1, floored[index] ?? 1, weight);
      const steps: Reason[] = limit < 1 ? [{ code: 'limited', factor: limit }, ...last] : last;
      return [observation.server, { weight, steps }];
    }),
  );
}

function lastSteps(memory: ServerMemory, relative: number, floored: number, wanted: number): Reason[] {
  const factor = errorFactor(memory.errorShare);
  const steps: Reason[] = [];
  if (memory.errorShare > 0) steps.push({ code: 'errors', share: memory.errorShare, factor });
  if (memory.ramp < 1) steps.push({ code: 'ramp', factor: memory.ramp });
  if (floored > relative) steps.push({ code: 'floor', factor: floored / relative });
  return [...steps, { code: 'scaled', from: floored, to: wanted }];
}
