import type { Decision, Reason } from '../../../shared/contract/decision.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import type { Dynamics, Thresholds, Verdict } from '../../../shared/contract/policy.ts';
import { sum } from '../../../shared/math/statistics.ts';
import { doMostFail } from './blind-cut.ts';
import { drainByAgent } from './by-agent.ts';
import { type Demand, demandOf, isBeyond, unknownStrength } from './demand.ts';
import { type DrainOutcome, decideDrains } from './drain.ts';
import { decideEjections, neverEjected } from './eject.ts';
import { holdAll, whyHold } from './hold.ts';
import { type LearnedEntry, learnWeights, withStartingWeights } from './learn.ts';
import { remember, sinceLastWrite } from './memory.ts';
import { scaleWeights } from './scale.ts';
import { counted, isAnyAside } from './set-aside.ts';
import type { GuardSettings } from './settings.ts';
import { type GuardState, isEjected, isOut } from './state.ts';
import { type Entry, takeIn } from './take-in.ts';
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
  readonly state: GuardState;
}

/**
 * The rules that no policy may break, between a policy's relative weights and what HAProxy gets. Pure. In this order: take in
 * the tick, hold everything if most agents are silent, learn, eject, drain or release, limit, cut for errors, ramp, floor,
 * scale, and write only what differs enough.
 */
export function guard(input: GuardInput, before: GuardState): GuardOutcome {
  const { observations, verdicts, thresholds, dynamics, present, elapsedMs, settings } = input;
  const { rampStep, returnMargin } = settings;
  const entries = takeIn({ observations, verdicts, thresholds, rampStep, returnMargin, elapsedMs }, before);
  const hold = whyHold(entries);
  if (hold !== null) {
    // those that come back are held back by their errors, which HAProxy counts; a ramp is for what agents say
    const served = eject(entries, input, null);
    return holdAll({ entries: served, present, elapsedMs, settings }, hold, before);
  }

  const started = withStartingWeights(entries, before.started);
  const demand = demandOf(started, before.demand, elapsedMs);
  const learned = learnWeights(started, dynamics, thresholds, isBeyond(demand));
  const served = eject(learned, input, rampStep);
  const ruled = drain(served, demand, input);
  return write(ruled, demand, input, before);
}

/** `rampStep`: the part of its weight that a server begins with when it is back; null: no weight but for errors is decided now. */
function eject<Kind extends Entry>(
  entries: readonly Kind[],
  { algorithm, elapsedMs, settings }: GuardInput,
  rampStep: number | null,
): Kind[] {
  const all = entries.map(({ observation, memory, size, errors: { share: errorShare } }) => {
    const { ejection } = memory;
    const { server, traffic, currentWeight } = observation;
    const isZero = memory.drained || (currentWeight === 0 && !isEjected(memory));
    const errors = traffic?.errors ?? 0;
    return { server, ejection, errorShare, errors, capacity: size, machines: 1, stays: isZero && rampStep === null };
  });
  const subjects = all.filter(({ stays }) => !stays);
  const staying = all.filter(({ stays }) => stays);
  const isPanic = rampStep === null && doMostFail(all.map(({ errorShare }) => errorShare));
  const isLeastconn = algorithm === 'leastconn' && !isPanic;
  const { ejections, reasons } = decideEjections(subjects, isLeastconn, elapsedMs, settings, staying);
  return entries.map((entry) => {
    const { server } = entry.observation;
    const memory = { ...entry.memory, ejection: ejections.get(server) ?? neverEjected };
    const returned = isEjected(entry.memory) && !isEjected(memory);
    return {
      ...entry,
      memory: returned && rampStep !== null ? { ...memory, ramp: rampStep } : memory,
      reasons: withReason(entry.reasons, reasons.get(server)),
    };
  });
}

function drain(entries: readonly LearnedEntry[], demand: Demand, input: GuardInput): LearnedEntry[] {
  const { drained, reasons } = drainsOf(entries, demand, input);
  return entries.map((entry) => {
    const { server } = entry.observation;
    return applyDrain(entry, drained.has(server), reasons.get(server), input.settings.rampStep);
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
  const ejected = entries.filter(({ memory }) => isEjected(memory));
  const pool = {
    capacity: capacityOf(entries),
    ejected: { machines: ejectedWhole(entries), capacity: capacityOf(ejected) },
    demand: demand.total,
  };
  return drainByAgent(toSubjects(entries, demand), (joined) => decideDrains(joined, pool, thresholds, settings));
}

/** How many agents measure nothing but ejected servers: the servers of one agent count as one. */
function ejectedWhole(entries: readonly LearnedEntry[]): number {
  if (!entries.some(({ memory }) => isEjected(memory))) return 0;
  const agentsOf = (some: readonly LearnedEntry[]) => new Set(some.map(({ agent }) => agent));
  return agentsOf(entries).size - agentsOf(entries.filter(({ memory }) => !isEjected(memory))).size;
}

/** The servers that are not ejected. */
function toSubjects(entries: readonly LearnedEntry[], { of }: Demand) {
  const subjects = entries.filter(({ memory }) => !isEjected(memory));
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
      ramping: memory.ramp < 1,
      cpuIsKnown: memory.utilisation.cpu !== null,
      utilisation: counted(memory.utilisation, memory.atRest),
      anyAside: isAnyAside(memory.atRest),
      overTicks: memory.overTicks,
      failing: errors.share > failingErrorShare,
      capacity: size,
      strength: { does, should, can: can * memory.ramp },
    };
  });
}

function applyDrain(entry: LearnedEntry, drained: boolean, reason: Reason | undefined, rampStep: number): LearnedEntry {
  const returned = entry.memory.drained && !drained;
  const ramp = returned ? rampStep : entry.memory.ramp;
  // no metric that counts is near saturation, so there is nothing left to cut
  const isUncut = reason?.code === 'released' && (reason.because === 'recovered' || reason.because === 'not-traffic');
  const logGrade = isUncut ? 0 : entry.memory.logGrade;
  const refused = reason?.code === 'drain-refused' ? reason.because : null;
  const memory = { ...entry.memory, drained, refused, ramp, logGrade };
  return { ...entry, memory, reasons: withReason(entry.reasons, reason) };
}

function withReason(reasons: readonly Reason[], reason: Reason | undefined): readonly Reason[] {
  return reason === undefined ? reasons : [...reasons, reason];
}

function write(entries: readonly LearnedEntry[], demand: Demand, input: GuardInput, before: GuardState): GuardOutcome {
  const { algorithm, dynamics, settings, present } = input;
  const progress = sinceLastWrite(before, entries);
  const settled =
    algorithm !== 'roundrobin' || hasSettled(progress.requestsSinceWrite, progress.ticksSinceWrite, entries.length);
  const outcomes = scaleWeights(entries, dynamics, settings).map((entry) => {
    const { observation, verdict, memory, reasons, wanted } = entry;
    const { leftWeight, ramp, errorShare } = memory;
    const urgent = ramp < 1 || errorShare > urgentErrorShare;
    const question = { observation, weight: wanted, leftWeight, deadband: settings.deadband, settled, urgent };
    const { weight, write, reasons: why } = decideWrite(question);
    const { load, delta } = verdict;
    const { server } = observation;
    const decision = { server, weight, write, drained: isOut(memory), load, delta, reasons: [...reasons, ...why] };
    return { decision, memory: { ...memory, leftWeight: weight, uncut: null } };
  });
  const decisions = outcomes.map(({ decision }) => decision);
  const memories = outcomes.map(({ decision, memory }) => [decision.server, memory] as const);
  const sinceWrite = decisions.some((each) => each.write) ? { requestsSinceWrite: 0, ticksSinceWrite: 0 } : progress;
  const servers = remember(before, memories, present);
  return { decisions, state: { started: true, demand: demand.perSecond, blindForMs: null, servers, ...sinceWrite } };
}
