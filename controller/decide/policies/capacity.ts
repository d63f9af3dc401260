import type { Reason } from '../../../shared/contract/decision.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import type { Policy, PolicyInput, Verdict } from '../../../shared/contract/policy.ts';
import { mean, sum } from '../../../shared/math/statistics.ts';
import { withBacklogFactors } from './backlog.ts';
import { type Learned, type LearningSettings, learn, nothingLearned } from './capacity-learning.ts';
import { relativeLoads } from './load.ts';
import { saturationFactor } from './saturation.ts';

/** Constants of the policy; docs/algorithm.md gives each its reason. */
export interface CapacitySettings extends LearningSettings {
  /** Share of the way that the cut for RAM, threads and TCP queues goes in a tick, 0 to 1. */
  readonly saturationGain: number;
  /** Under roundrobin: seconds in which a backlog is to be drained. */
  readonly backlogSeconds: number;
}

export const defaultCapacitySettings: CapacitySettings = {
  forgetting: 0.1,
  jumpDeviations: 2.5,
  saturationGain: 0.3,
  backlogSeconds: 4,
};

interface Memory {
  readonly learned: Learned;
  /** Natural logarithm of the smoothed cut, 0 or less. */
  readonly logSaturation: number;
  /** Last known size; null before the first snapshot. */
  readonly cores: number | null;
  /** How long it has been out of rotation. */
  readonly absentMs: number;
}

/** Pairs, not an object: a server may be called `__proto__`. Sorted by name. */
interface CapacityState {
  readonly servers: readonly (readonly [string, Memory])[];
}

const newcomer: Memory = { learned: nothingLearned, logSaturation: 0, cores: null, absentMs: 0 };
/** What was learned of a server that is out of rotation is kept this long. */
export const rememberAbsentMs = 600_000;

/** One server while a tick is decided. */
interface Subject {
  readonly observation: Observation;
  readonly memory: Memory;
  readonly reasons: readonly Reason[];
}

/**
 * Learns each server's capacity in successful requests per second at full utilisation, and gives out weights in that
 * proportion. Only what the server achieved, and how busy that made it, counts, and not what it was given. So a weight does
 * not feed back into itself as a load does, and one tick after a change the estimate is right again, whatever the shares were.
 * (CPU time that does not serve requests counts as if it did. It makes the estimate fall a little with the traffic; where there
 * is much of it, servers become equally busy in total and not by their requests.)
 *
 * The guard adds errors, drains and ramps. The gain of 1 a tick is safe because there is no feedback loop; the smoothing is in
 * the learning.
 */
export function capacity(settings: CapacitySettings = defaultCapacitySettings): Policy<CapacityState> {
  return {
    name: 'capacity',
    dynamics: { gain: 1, maxStep: 0.7, overload: 'policy' },
    initialState: { servers: [] },
    forget: (state, names) => ({ servers: state.servers.filter(([server]) => !names.has(server)) }),
    decide(input, state) {
      const before = new Map(state.servers);
      const subjects = input.observations.map((observation) => {
        return takeIn(observation, before.get(observation.server) ?? newcomer, input, settings);
      });
      const verdicts = toVerdicts(subjects, input, settings);
      return { verdicts, state: { servers: remember(state, subjects, input.elapsedMs) } };
    },
  };
}

function takeIn(observation: Observation, before: Memory, input: PolicyInput, settings: CapacitySettings): Subject {
  const { agent, traffic, elsewhere, upForMs } = observation;
  const requests = traffic === null ? 0 : traffic.ok + (elsewhere?.ok ?? 0);
  const seconds = input.elapsedMs / 1_000;
  const saturation =
    agent.state === 'fresh' ? saturationFactor(agent.utilisation, input.thresholds) : { factor: 1, metrics: [] };
  const step = settings.saturationGain * (Math.log(saturation.factor) - before.logSaturation);
  const logSaturation = Math.abs(before.logSaturation + step) < 1e-3 ? 0 : before.logSaturation + step;
  const utilisation = agent.state === 'fresh' ? steeringUtilisation(agent.utilisation) : null;
  const justUp = upForMs !== null && upForMs <= input.elapsedMs;
  const learned =
    utilisation === null || requests < 1 || justUp
      ? { ...before.learned, changed: false }
      : learn(before.learned, { requests, utilisation, seconds }, settings);
  const { changed, ...remembered } = learned;
  const reasons: Reason[] = [];
  if (learned.capacity !== null) {
    reasons.push({ code: 'capacity', requestsPerSecond: learned.capacity, changed });
  }
  if (agent.state === 'stale') reasons.push({ code: 'held', because: 'stale', detail: agent.detail });
  if (logSaturation < 0) {
    reasons.push({ code: 'saturation', metrics: saturation.metrics, factor: Math.exp(logSaturation) });
  }
  const memory: Memory = {
    learned: remembered,
    logSaturation,
    cores: agent.state === 'fresh' ? agent.effectiveCores : before.cores,
    absentMs: 0,
  };
  return { observation, memory, reasons };
}

/** Of the resources that follow the traffic, the one nearest to its limit. Without cpu there is nothing to learn from. */
function steeringUtilisation({
  cpu,
  threads,
  bandwidth,
}: Readonly<Record<'cpu' | 'threads' | 'bandwidth', number | null>>) {
  return cpu === null ? null : Math.max(cpu, ...[threads, bandwidth].filter((value) => value !== null));
}

function toVerdicts(
  subjects: readonly Subject[],
  input: PolicyInput,
  settings: CapacitySettings,
): ReadonlyMap<string, Verdict> {
  const sized = withPriors(subjects).map((each) => ({ ...each, inFlight: each.observation.inFlight }));
  const successes = sum(subjects.map(({ observation }) => observation.traffic?.ok ?? 0));
  const perSecond = (successes * 1_000) / input.elapsedMs;
  const loads = relativeLoads(input.observations, input.factors);
  const verdicts = withBacklogFactors(sized, perSecond, settings.backlogSeconds).map((each) => {
    const { memory, reasons, capacity, inFlight, factor, fairInFlight } = each;
    const { server } = each.observation;
    // random and leastconn look at the requests in flight themselves; where nothing is learned, they are not a backlog
    const drains = input.algorithm === 'roundrobin' && memory.learned.capacity !== null && factor !== 1;
    const steps: Reason[] = drains ? [{ code: 'backlog', inFlight, fairInFlight, factor }] : [];
    const weight = capacity * Math.exp(memory.logSaturation) * (drains ? factor : 1);
    const { load = null, delta = null } = loads.get(server) ?? {};
    return [server, { weight, load, delta, reasons: [...reasons, ...steps] }] as const;
  });
  return new Map(verdicts);
}

/** Gives every server a capacity: where none was learned, its cores times what the others have per core, else its cores. */
function withPriors(subjects: readonly Subject[]) {
  const cores = meanCores(subjects);
  const sized = subjects.map((subject) => ({ ...subject, cores: subject.memory.cores ?? cores }));
  const known = sized.flatMap(({ memory: { learned }, cores }) => {
    return learned.capacity === null ? [] : [{ capacity: learned.capacity, cores }];
  });
  const perCore =
    known.length === 0 ? 1 : sum(known.map(({ capacity }) => capacity)) / sum(known.map((each) => each.cores));
  const from = known.length === 0 ? 'cores' : 'others';
  return sized.map((subject) => {
    const learned = subject.memory.learned.capacity;
    if (learned !== null) return { ...subject, capacity: learned };
    const prior: Reason = { code: 'capacity-prior', from, cores: subject.cores };
    return { ...subject, capacity: perCore * subject.cores, reasons: [prior, ...subject.reasons] };
  });
}

/** The size of a server whose agent never answered: the mean of the others. */
function meanCores(subjects: readonly Subject[]): number {
  const known = subjects.flatMap(({ memory }) => (memory.cores === null ? [] : [memory.cores]));
  return mean(known) ?? 1;
}

function remember(before: CapacityState, subjects: readonly Subject[], elapsedMs: number): CapacityState['servers'] {
  const present = new Set(subjects.map(({ observation }) => observation.server));
  const absent = before.servers
    .filter(([server]) => !present.has(server))
    .map(([server, memory]) => [server, { ...memory, absentMs: memory.absentMs + elapsedMs }] as const)
    .filter(([, memory]) => memory.absentMs <= rememberAbsentMs);
  const seen = subjects.map(({ observation, memory }) => [observation.server, memory] as const);
  return [...absent, ...seen].sort(([a], [b]) => (a < b ? -1 : 1));
}
