import type { Reason } from '../../../shared/contract/decision.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import type { Policy, PolicyInput, Verdict } from '../../../shared/contract/policy.ts';
import { mean, sum } from '../../../shared/math/statistics.ts';
import { following } from './adaptive/following.ts';
import { type HiddenMemory, type HiddenOutcome, hiddenBottlenecks, smoothed } from './adaptive/hidden.ts';
import { type LoadOutcome, loadFactors } from './adaptive/load-factor.ts';
import { type Memories, type Memory, newcomer, nothingRecent, type Recent, remembered } from './adaptive/memory.ts';
import { shrink } from './adaptive/shrink.ts';
import { type Fleet, learnSpeeds, type SpeedOutcome, type SpeedSubject, unknownFleet } from './adaptive/speed.ts';
import { standingQueues } from './adaptive/standing-queue.ts';
import { addWork, isGrowing, noWork, stretchOf } from './adaptive/work.ts';
import { relativeLoads } from './load.ts';

interface AdaptiveState {
  readonly servers: Memories;
  readonly fleet: Fleet;
}

/** One server while a tick is decided. */
interface Subject {
  readonly observation: Observation;
  readonly before: Memory;
  readonly recent: Recent;
  readonly cores: number | null;
  readonly measurement: SpeedSubject['measurement'];
  readonly hidden: HiddenMemory;
}

/** A server with what it can do: its speed, its hidden bottleneck, and its size. */
interface Sized extends Omit<Subject, 'hidden'> {
  readonly speed: SpeedOutcome;
  readonly hidden: HiddenOutcome;
  readonly size: number;
  /** ln of the speed a core, drawn to the others' where there is no evidence of a difference. */
  readonly logSpeed: number;
}

/** Under leastconn an equal load is not the optimum: only a factor beyond this, as a logarithm, says anything. */
const leastconnDeadZone = 0.3;
/** Share of the weight that it would have by this policy, under which a server is held back by something else. */
const heldBackShare = 0.8;

/**
 * W = C x F. C is what a server can do: its cores times its speed a core, which is learned relative to the other servers' at the
 * same time and drawn to theirs where there is no evidence of a difference, less a cut for a bottleneck that the
 * metrics do not show. F is the publication's inverse-load factor (Lavg / Lr)(1 +- delta), as far as the difference is more than
 * noise. Where there are no requests to learn from, C is the cores.
 *
 * The guard adds errors, drains, saturation and ramps. The gain of 1 a tick is safe because all smoothing is in here.
 */
export const adaptive: Policy<AdaptiveState> = {
  name: 'adaptive',
  dynamics: { gain: 1, maxStep: 0.7, overload: 'shared' },
  initialState: { servers: [], fleet: unknownFleet },
  forget: (state, names) => ({ ...state, servers: state.servers.filter(([server]) => !names.has(server)) }),
  decide(input, state) {
    const before = new Map(state.servers);
    const taken = input.observations.map((observation) => {
      return takeIn(observation, before.get(observation.server) ?? newcomer, state.fleet, input.elapsedMs);
    });
    const subjects = taken.map(({ before: { speed }, recent: { runs }, measurement }) => ({
      speed,
      runs,
      measurement,
    }));
    const { outcomes, fleet } = learnSpeeds(subjects, state.fleet);
    const sized = withSizes(taken, outcomes, fleet);
    const byLoad = factorsOf(sized, input);
    const seen = sized.map(({ observation, recent, cores, speed, hidden }, index): readonly [string, Memory] => {
      const { inFlight } = observation;
      const { distance = 0 } = byLoad[index] ?? {};
      const now = { ...recent, runs: speed.runs, inFlight, distance };
      return [observation.server, { speed: speed.speed, hidden: hidden.memory, cores, absentMs: 0, recent: now }];
    });
    const servers = remembered(state.servers, seen, input.elapsedMs);
    return { verdicts: verdictsOf(sized, byLoad, fleet, input), state: { servers, fleet } };
  },
};

/** Where the server has done enough, it is measured, and its work begins anew. */
function takeIn(observation: Observation, before: Memory, fleet: Fleet, elapsedMs: number): Subject {
  const recent = before.recent ?? nothingRecent;
  const cores = observation.agent.state === 'fresh' ? observation.agent.effectiveCores : before.cores;
  const work = addWork(recent.work, observation, elapsedMs);
  const stretch = stretchOf(work, fleet.variation);
  const coreTicks = fleet.level === null ? null : Math.exp(-fleet.level - before.speed.log) / (elapsedMs / 1_000);
  return {
    observation,
    before,
    cores,
    measurement: stretch === null ? null : { ...stretch, requests: work.requests },
    hidden: smoothed(before.hidden, observation, { cores, coreTicks }),
    recent: {
      ...recent,
      work: stretch === null ? work : noWork,
      following: following(recent.following, observation),
    },
  };
}

function withSizes(taken: readonly Subject[], outcomes: readonly SpeedOutcome[], { variation }: Fleet): Sized[] {
  const usual = mean(taken.flatMap(({ cores }) => cores ?? [])) ?? 1;
  const subjects = taken.map((subject) => ({ subject, size: subject.cores ?? usual }));
  const hidden = hiddenBottlenecks(
    subjects.map(({ subject, size }) => ({ memory: subject.hidden, cores: size })),
    variation,
  );
  const speeds = shrink(outcomes.map(({ speed }) => speed));
  return subjects.flatMap(({ subject, size }, index) => {
    const [speed, found] = [outcomes[index], hidden[index]];
    if (speed === undefined || found === undefined) return [];
    return [{ ...subject, speed, hidden: found, size, logSpeed: speeds[index] ?? 0 }];
  });
}

/** ln of C, in the unit of a core of the middle server. */
function logCapacity({ size, logSpeed, hidden }: Sized): number {
  return Math.log(size) + logSpeed + hidden.memory.log;
}

function factorsOf(sized: readonly Sized[], { factors, elapsedMs }: PolicyInput): LoadOutcome[] {
  const wanted = sized.map((each) => Math.exp(logCapacity(each) + Math.min(0, each.recent.distance)));
  const [allWanted, allNow] = [sum(wanted), sum(sized.map(({ observation }) => observation.currentWeight))];
  const subjects = sized.map(({ observation, recent, hidden }, index) => {
    const { agent, currentWeight } = observation;
    const isCut = currentWeight / Math.max(1, allNow) < (heldBackShare * (wanted[index] ?? 0)) / allWanted;
    const heldBack = isCut || isGrowing(observation, elapsedMs) || hidden.standsOut || hidden.memory.log < 0;
    const fresh = agent.state === 'fresh';
    const bandwidth = fresh ? agent.utilisation.bandwidth : null;
    return { following: recent.following, fresh, bandwidth, distance: recent.distance, heldBack };
  });
  return loadFactors(subjects, factors);
}

/** What of the factor's logarithm steers under this algorithm. */
function steering(logFactor: number, algorithm: string | null): number {
  if (algorithm !== 'leastconn') return logFactor;
  return Math.sign(logFactor) * Math.max(0, Math.abs(logFactor) - leastconnDeadZone);
}

function verdictsOf(
  sized: readonly Sized[],
  byLoad: readonly LoadOutcome[],
  { level }: Fleet,
  input: PolicyInput,
): ReadonlyMap<string, Verdict> {
  const loads = relativeLoads(input.observations, input.factors);
  const capacities = sized.map((each) => Math.exp(logCapacity(each) + (level ?? 0)));
  const successes = sum(sized.map(({ observation }) => observation.traffic?.ok ?? 0));
  const queues = standingQueues(
    sized.map(({ observation, recent, size, hidden }, index) => {
      const { inFlight } = observation;
      const cores = size * Math.exp(hidden.memory.log);
      return { inFlight, inFlightBefore: recent.inFlight, capacity: capacities[index] ?? 1, cores };
    }),
    (successes * 1_000) / input.elapsedMs,
  );
  return new Map(
    sized.map((each, index) => {
      const { server, inFlight } = each.observation;
      const factor = Math.exp(steering(byLoad[index]?.logFactor ?? 0, input.algorithm));
      const queue = queues[index];
      // random and leastconn look at the requests in flight themselves
      const drains = input.algorithm === 'roundrobin' && level !== null && queue !== undefined && queue.factor < 1;
      const capacity = capacities[index] ?? 1;
      const { load = null, delta = null, reasons = [] } = loads.get(server) ?? {};
      const steps: Reason[] = [...reasons, ...sizeReasons(each, capacity, level !== null), ...hiddenReasons(each)];
      if (load !== null) steps.push({ code: 'inverse-load', factor });
      if (drains) steps.push({ code: 'backlog', inFlight, ...queue });
      const weight = capacity * factor * (drains ? queue.factor : 1);
      return [server, { weight, load, delta, capacity: level === null ? null : capacity, reasons: steps }] as const;
    }),
  );
}

function sizeReasons({ observation, speed, size, logSpeed }: Sized, capacity: number, learned: boolean): Reason[] {
  const { agent } = observation;
  const held: Reason[] = agent.state === 'stale' ? [{ code: 'held', because: 'stale', detail: agent.detail }] : [];
  if (!speed.speed.known) {
    return [{ code: 'capacity-prior', from: learned ? 'others' : 'cores', cores: size }, ...held];
  }
  const uncertainty = Math.sqrt(speed.speed.variance);
  return [
    { code: 'capacity', requestsPerSecond: capacity, changed: speed.changed },
    { code: 'speed', factor: Math.exp(logSpeed), measured: Math.exp(speed.speed.log), uncertainty },
    ...held,
  ];
}

function hiddenReasons({ hidden }: Sized): Reason[] {
  const { log } = hidden.memory;
  return log === 0 ? [] : [{ code: 'hidden', times: hidden.times, factor: Math.exp(log) }];
}
