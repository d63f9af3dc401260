import type { DrainRefusedBecause, Reason, ReleasedBecause } from '../../../shared/contract/decision.ts';
import type { Utilisations } from '../../../shared/contract/observation.ts';
import type { Thresholds } from '../../../shared/contract/policy.ts';
import type { MetricName } from '../../../shared/contract/snapshot.ts';
import { sum } from '../../../shared/math/statistics.ts';
import type { Strength } from './demand.ts';
import { highest, mediansOfOthers } from './others.ts';
import { OutOfPool, type PoolMember } from './out-of-pool.ts';
import { hasRecovered, metricsOver, worstExcess } from './overload.ts';
import type { GuardSettings } from './settings.ts';

/** What the drain rule needs to know of a server in rotation, or of all servers that one agent measures. */
export interface DrainSubject extends PoolMember {
  /** How many servers it stands for. */
  readonly servers: number;
  readonly machine: string;
  readonly fresh: boolean;
  readonly drained: boolean;
  /** Still ramping up: not to be drained again before it has its full weight. */
  readonly ramping: boolean;
  readonly cpuIsKnown: boolean;
  /** Smoothed; null also for a metric that is set aside. */
  readonly utilisation: Utilisations;
  /** Whether a metric is set aside. */
  readonly anyAside: boolean;
  readonly overTicks: number;
  /** Most of its answers are errors: it cannot take over work. */
  readonly failing: boolean;
  /** Its work and what it can do, while its ramp lasts a part of that. */
  readonly strength: Strength;
}

export interface DrainOutcome {
  readonly drained: ReadonlySet<string>;
  readonly reasons: ReadonlyMap<string, Reason>;
}

/** Effective cores (or servers) of all in rotation, and what is ejected and so out already. */
export interface DrainPool {
  readonly capacity: number;
  readonly ejected: { readonly machines: number; readonly capacity: number };
  /** What all servers are asked for, in the unit of their strengths. */
  readonly demand: number;
}

/** Ticks over threshold before a server may be drained. */
export const drainAfterTicks = 2;

/** The others may be at this part of what they can do once a server is drained; beyond the second, one comes back. */
const mostAfterDrain = 0.75;
const mostWhileDrained = 0.8;
/** What all servers have is no reason to drain one: a metric must be this far above the median of the others'. */
const standsOutBy = 0.1;
/** Where more than this part of the cpu is not for its own requests, cpu is a reason to drain. */
const otherUse = 0.25;

/**
 * Rule 2 of the guard. A server is drained only if it is over a threshold on two consecutive ticks, by a metric in which it stands
 * out and that is not its own work, if the others can do all that is asked for, and if at most the allowed part of the pool is
 * drained. At most one drain begins in a tick: the next tick shows what it did. A drain ends when the server has recovered or
 * its agent is silent, and, the least overloaded first, while the others cannot do what is asked for, too much is drained, or
 * every other server is over a threshold or fails. At least one server is never drained. Metrics that are set aside do not count.
 */
export function decideDrains(
  subjects: readonly DrainSubject[],
  pool: DrainPool,
  thresholds: Thresholds,
  settings: Pick<GuardSettings, 'returnMargin' | 'maxDrainedShare'>,
): DrainOutcome {
  const reasons = new Map<string, Reason>();
  const kept: DrainSubject[] = [];
  for (const subject of subjects.filter((each) => each.drained)) {
    const because = whyRelease(subject, thresholds, settings.returnMargin);
    if (because === null) kept.push(subject);
    else reasons.set(subject.server, { code: 'released', because });
  }
  const drained = new OutOfPool(
    {
      servers: subjects.length,
      machines: sum(subjects.map(({ machines }) => machines)),
      capacity: pool.capacity,
      outAlready: pool.ejected,
      maxShare: settings.maxDrainedShare,
    },
    kept,
  );
  const standing = standingOut(subjects);
  const rest = new Rest(
    subjects.filter((each) => !drained.has(each)),
    pool.demand,
  );
  let begun: DrainSubject | null = null;
  const candidates = subjects
    .filter((each) => !each.drained && each.fresh && !each.ramping && each.overTicks >= drainAfterTicks)
    .sort((a, b) => byExcess(b, a, thresholds));
  for (const candidate of candidates) {
    const metrics = metricsOver(candidate.utilisation, thresholds);
    drained.add(candidate);
    rest.change(candidate, -1);
    const limit = drained.brokenLimit;
    const refusal =
      limit === null
        ? (rest.refusal() ?? whyNotItsOwn(candidate, metrics, standing) ?? notAgain(candidate, begun))
        : { because: limit, detail: limitDetail(limit, candidate) };
    if (refusal === null) {
      begun ??= candidate;
      continue;
    }
    drained.delete(candidate);
    rest.change(candidate, 1);
    reasons.set(candidate.server, { code: 'drain-refused', metrics, ...refusal });
  }

  // since a drain was decided the pool may have shrunk, or the others may be busier: the least loaded server comes back first
  const isOver = (subject: DrainSubject) => subject.overTicks >= drainAfterTicks || subject.failing;
  let restUnder = subjects.filter((each) => !drained.has(each) && !isOver(each)).length;
  for (const subject of drained.all.sort((a, b) => byExcess(a, b, thresholds))) {
    const isTooMuch = restUnder === 0 || rest.part > mostWhileDrained;
    const because = drained.brokenLimit ?? (isTooMuch ? 'others-overloaded' : null);
    if (because === null) break;
    drained.delete(subject);
    rest.change(subject, 1);
    if (!isOver(subject)) restUnder += 1;
    reasons.set(subject.server, { code: 'released', because });
  }
  for (const { server, utilisation } of drained.all) {
    reasons.set(server, { code: 'drained', metrics: metricsOver(utilisation, thresholds) });
  }
  return { drained: new Set(drained.all.map(({ server }) => server)), reasons };
}

function whyRelease(subject: DrainSubject, thresholds: Thresholds, returnMargin: number): ReleasedBecause | null {
  if (!subject.fresh) return 'stale';
  if (!hasRecovered(subject.utilisation, thresholds, returnMargin)) return null;
  return subject.anyAside ? 'not-traffic' : 'recovered';
}

function limitDetail(limit: 'last-server' | 'half-drained', { servers }: DrainSubject): string {
  if (limit === 'half-drained') return 'too much of the pool would have weight 0';
  return servers > 1 ? 'every server in rotation has the same agent' : 'no other server is in rotation';
}

interface Refusal {
  readonly because: DrainRefusedBecause;
  readonly detail: string;
}

/** The servers of one machine are drained together. */
function notAgain({ machine }: DrainSubject, begun: DrainSubject | null): Refusal | null {
  if (begun === null || begun.machine === machine) return null;
  return { because: 'one-at-a-time', detail: `${begun.server} is drained first` };
}

/** Why a metric over its threshold is no reason to take this server out; null: it is one. */
function whyNotItsOwn(
  candidate: DrainSubject,
  metrics: readonly MetricName[],
  standing: (subject: DrainSubject, metric: MetricName) => boolean,
): Refusal | null {
  const alone = metrics.filter((metric) => standing(candidate, metric));
  if (alone.length === 0) return { because: 'in-common', detail: 'the other servers are hardly under it' };
  if (alone.some((metric) => metric !== 'cpu') || isForOthers(candidate)) return null;
  return { because: 'own-work', detail: 'its cpu is busy with its own requests, which a smaller weight changes' };
}

/** Whether a good part of its cpu's use is not for its requests. */
function isForOthers({ utilisation: { cpu }, strength: { does, should } }: DrainSubject): boolean {
  return cpu !== null && cpu - does / Math.max(should, 1e-9) > otherUse;
}

/** Whether a server's metric is well above the median of the other machines'. */
function standingOut(subjects: readonly DrainSubject[]) {
  const fresh = subjects.filter((each) => each.fresh);
  const byMachine = Map.groupBy(fresh, ({ machine }) => machine);
  const machines = new Map(
    [...byMachine].map(([machine, members]) => [machine, highest(members.map(({ utilisation }) => utilisation))]),
  );
  const othersOf = mediansOfOthers([...machines.values()]);
  return ({ machine, utilisation }: DrainSubject, metric: MetricName) => {
    const others = othersOf(machines.get(machine) ?? utilisation)[metric] ?? 0;
    return (utilisation[metric] ?? 0) - others >= standsOutBy;
  };
}

/** The servers that are not drained, with a running total: a pool may have thousands, and half of them may be overloaded. */
class Rest {
  readonly #demand: number;
  #can: number;
  #visible: number;
  #sound: number;

  constructor(open: readonly DrainSubject[], demand: number) {
    this.#demand = demand;
    this.#can = sum(open.map(canOf));
    this.#visible = open.filter(isVisible).length;
    this.#sound = open.filter((each) => isVisible(each) && !each.failing).length;
  }

  /** `sign`: 1 for a server that comes back, -1 for one that is taken out. */
  change(subject: DrainSubject, sign: 1 | -1): void {
    this.#can += sign * canOf(subject);
    this.#visible += isVisible(subject) ? sign : 0;
    this.#sound += isVisible(subject) && !subject.failing ? sign : 0;
  }

  /** The part of what they can do that they are asked for. */
  get part(): number {
    if (this.#demand === 0) return 0;
    return this.#can <= 1e-9 ? Number.POSITIVE_INFINITY : this.#demand / this.#can;
  }

  /** Why they could not do all the work; null: they could. */
  refusal(): Refusal | null {
    if (this.#visible === 0) return { because: 'cannot-predict', detail: 'no other server has a fresh cpu metric' };
    const { part } = this;
    if (this.#sound === 0 || !Number.isFinite(part)) {
      return { because: 'others-overloaded', detail: 'the other servers mostly answer errors' };
    }
    if (part <= mostAfterDrain) return null;
    const percent = Math.round(part * 100);
    return { because: 'others-overloaded', detail: `the other servers would be at ${percent} % of what they can do` };
  }
}

function isVisible({ fresh, cpuIsKnown }: DrainSubject): boolean {
  return fresh && cpuIsKnown;
}

/** A server that fails can do nothing; of one that cannot be seen it is only known what it does. */
function canOf(subject: DrainSubject): number {
  const { does, can } = subject.strength;
  if (subject.failing) return 0;
  return isVisible(subject) ? can : Math.min(can, does);
}

/** By how far over threshold, then by name, so that the order of the servers does not matter. */
function byExcess(a: DrainSubject, b: DrainSubject, thresholds: Thresholds): number {
  const difference = worstExcess(a.utilisation, thresholds) - worstExcess(b.utilisation, thresholds);
  if (difference !== 0) return difference;
  return a.server < b.server ? -1 : 1;
}
