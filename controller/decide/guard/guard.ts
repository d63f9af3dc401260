import type { Decision, Reason } from '../../../shared/contract/decision.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import type { Dynamics, Thresholds, Verdict } from '../../../shared/contract/policy.ts';
import { sum } from '../../../shared/math/statistics.ts';
import { isEjected, isHeldBack } from '../fast/fast-weight.ts';
import { drainByAgent } from './by-agent.ts';
import { type Demand, demandOf, isBeyond, unknownStrength } from './demand.ts';
import { type DrainOutcome, decideDrains } from './drain.ts';
import type { FullWeight } from './full-weight.ts';
import { holdAll, whyHold } from './hold.ts';
import { type LearnedEntry, learnWeights, withStartingWeights } from './learn.ts';
import { remember, sinceLastWrite } from './memory.ts';
import { scaleWeights } from './scale.ts';
import { counted, isAnyAside } from './set-aside.ts';
import type { GuardSettings } from './settings.ts';
import type { GuardState } from './state.ts';
import { takeIn } from './take-in.ts';
import { decideWrite, hasSettled } from './write.ts';

/** From this smoothed share of errors on, a server's new weight does not wait for roundrobin to settle. */
const urgentErrorShare = 0.1;

/** Above this share of errors, a server cannot take over the work of a drained one. */
const failingErrorShare = 0.5;

export interface GuardInput {
  /** Servers in rotation. */
  readonly observations: readonly Observation[];
  /** Every server that HAProxy has in the backend; any other is forgotten. */
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
  readonly full: ReadonlyMap<string, FullWeight>;
  readonly state: GuardState;
}

/**
 * The rules that no policy may break, between a policy's relative weights and what HAProxy gets. Pure. In this order: take in
 * the tick, hold everything if most agents are silent, learn, drain or release, limit, cut for errors, floor, scale, do what
 * the looks between ticks decided (breaker and ramp), and write only what differs enough.
 */
export function guard(input: GuardInput, before: GuardState): GuardOutcome {
  const { observations, verdicts, thresholds, dynamics, present, elapsedMs, settings } = input;
  const { returnMargin } = settings;
  const isTold = before.isTold || observations.some(({ elsewhere }) => elsewhere !== null);
  const known = { ...before, isTold };
  const judged = isTold ? withoutCapacities(verdicts) : verdicts;
  const entries = takeIn({ observations, verdicts: judged, thresholds, returnMargin, elapsedMs }, known);
  const hold = whyHold(entries);
  if (hold !== null) {
    return holdAll({ entries, present, elapsedMs, settings, isLeastconn: isLeastconn(input) }, hold, known);
  }

  const started = withStartingWeights(entries, known.started);
  const demand = demandOf(started, known, elapsedMs);
  const learned = learnWeights(started, dynamics, thresholds, isBeyond(demand));
  const ruled = drain(learned, demand, input);
  return write(ruled, demand, input, known);
}

/**
 * A policy learns capacities from what other HAProxys count too. Such a capacity is of all HAProxys, and as true as their
 * controllers: the guard measures what the servers do for this one.
 */
function withoutCapacities(verdicts: ReadonlyMap<string, Verdict>): ReadonlyMap<string, Verdict> {
  return new Map([...verdicts].map(([server, verdict]) => [server, { ...verdict, capacity: null }]));
}

function drain(entries: readonly LearnedEntry[], demand: Demand, input: GuardInput): LearnedEntry[] {
  const { drained, reasons } = drainsOf(entries, demand, input);
  return entries.map((entry) => {
    const { server } = entry.observation;
    return applyDrain(entry, drained.has(server), reasons.get(server));
  });
}

/** Drains among the servers that are not ejected; where the policy answers overload itself there are none. */
function drainsOf(
  entries: readonly LearnedEntry[],
  demand: Demand,
  { dynamics, thresholds, settings }: GuardInput,
): DrainOutcome {
  if (dynamics.overload === 'policy') return { drained: new Set(), reasons: new Map() };
  const capacityOf = (some: readonly LearnedEntry[]) => sum(some.map(({ size }) => size));
  const ejected = entries.filter(({ observation }) => isEjected(observation.fast));
  const pool = {
    capacity: capacityOf(entries),
    ejected: { machines: ejectedWhole(entries), capacity: capacityOf(ejected) },
    demand: demand.total,
  };
  return drainByAgent(toSubjects(entries, demand), (joined) => decideDrains(joined, pool, thresholds, settings));
}

/** How many agents measure nothing but ejected servers: the servers of one agent count as one. */
function ejectedWhole(entries: readonly LearnedEntry[]): number {
  if (!entries.some(({ observation }) => isEjected(observation.fast))) return 0;
  const agentsOf = (some: readonly LearnedEntry[]) => new Set(some.map(({ agent }) => agent));
  return agentsOf(entries).size - agentsOf(entries.filter(({ observation }) => !isEjected(observation.fast))).size;
}

/** The servers that are not ejected. */
function toSubjects(entries: readonly LearnedEntry[], { of }: Demand) {
  const subjects = entries.filter(({ observation }) => !isEjected(observation.fast));
  const machineOf = ({ observation: { machine, server } }: LearnedEntry) => machine || `server ${server}`;
  const onMachine = Map.groupBy(subjects, machineOf);
  return subjects.map((entry) => {
    const { observation, memory, size, agent, errors } = entry;
    const { does, should, can } = of.get(observation.server) ?? unknownStrength;
    return {
      server: observation.server,
      servers: 1,
      machine: machineOf(entry),
      machines: 1 / (onMachine.get(machineOf(entry))?.length ?? 1),
      agent,
      fresh: observation.agent.state === 'fresh',
      drained: memory.drained,
      ramping: !memory.drained && observation.fast.ramp < 1,
      cpuIsKnown: memory.utilisation.cpu !== null,
      utilisation: counted(memory.utilisation, memory.atRest),
      anyAside: isAnyAside(memory.atRest),
      overTicks: memory.overTicks,
      failing: errors.share > failingErrorShare,
      capacity: size,
      strength: { does, should, can: memory.drained ? can : can * observation.fast.ramp },
    };
  });
}

function applyDrain(entry: LearnedEntry, drained: boolean, reason: Reason | undefined): LearnedEntry {
  // no metric that counts is near saturation, so there is nothing left to cut
  const isUncut = reason?.code === 'released' && (reason.because === 'recovered' || reason.because === 'not-traffic');
  const logGrade = isUncut ? 0 : entry.memory.logGrade;
  const refused = reason?.code === 'drain-refused' ? reason.because : null;
  const memory = { ...entry.memory, drained, refused, logGrade };
  return { ...entry, memory, reasons: withReason(entry.reasons, reason) };
}

function isLeastconn({ algorithm }: Pick<GuardInput, 'algorithm'>): boolean {
  return algorithm === 'leastconn';
}

function withReason(reasons: readonly Reason[], reason: Reason | undefined): readonly Reason[] {
  return reason === undefined ? reasons : [...reasons, reason];
}

function write(entries: readonly LearnedEntry[], demand: Demand, input: GuardInput, before: GuardState): GuardOutcome {
  const { algorithm, dynamics, settings, present } = input;
  const progress = sinceLastWrite(before, entries);
  const settled =
    algorithm !== 'roundrobin' || hasSettled(progress.requestsSinceWrite, progress.ticksSinceWrite, entries.length);
  const outcomes = scaleWeights(entries, dynamics, settings, isLeastconn(input)).map((entry) => {
    const { observation, verdict, memory, reasons, wanted, undrained, size } = entry;
    const { leftWeight, drained, errorShare } = memory;
    const heldBack = isHeldBack(observation.fast);
    const urgent = heldBack || errorShare > urgentErrorShare;
    const question = { observation, weight: wanted, leftWeight, deadband: settings.deadband, settled, urgent };
    const { weight, write, reasons: why } = decideWrite(question);
    const { load, delta } = verdict;
    const { server } = observation;
    const decision = { server, weight, write, drained: wanted === 0, load, delta, reasons: [...reasons, ...why] };
    const can = demand.inRequests ? (demand.of.get(observation.server)?.can ?? 0) : 0;
    const full = { full: drained ? 0 : undrained, undrained, size, capacity: can > 0 ? can : null };
    return {
      decision,
      full,
      memory: { ...memory, leftWeight: weight, full: undrained, isHeldBack: heldBack, uncut: null },
    };
  });
  const decisions = outcomes.map(({ decision }) => decision);
  const memories = outcomes.map(({ decision, memory }) => [decision.server, memory] as const);
  const sinceWrite = decisions.some((each) => each.write) ? { requestsSinceWrite: 0, ticksSinceWrite: 0 } : progress;
  const servers = remember(before, memories, present);
  const full = new Map(outcomes.map(({ decision, full: own }) => [decision.server, own]));
  const { isTold } = before;
  const state = { started: true, isTold, demand: demand.perSecond, blindForMs: null, servers, ...sinceWrite };
  return { decisions, full, state };
}
