import type { DrainRefusedBecause, Reason, ReleasedBecause } from '../../../shared/contract/decision.ts';
import type { Utilisations } from '../../../shared/contract/observation.ts';
import type { Thresholds } from '../../../shared/contract/policy.ts';
import type { MetricName } from '../../../shared/contract/snapshot.ts';
import { sum } from '../../../shared/math/statistics.ts';
import { OutOfPool, type PoolMember } from './out-of-pool.ts';
import { hasRecovered, metricsOver, worstExcess } from './overload.ts';
import type { GuardSettings } from './settings.ts';

/** What the drain rule needs to know of a server in rotation, or of all servers that one agent measures. */
export interface DrainSubject extends PoolMember {
  /** How many servers it stands for. */
  readonly servers: number;
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
  /** Its share of the backend's present traffic, 0 to 1. */
  readonly trafficShare: number;
}

export interface DrainOutcome {
  readonly drained: ReadonlySet<string>;
  readonly reasons: ReadonlyMap<string, Reason>;
}

/** Effective cores (or servers) of all in rotation, and what is ejected and so out already. */
export interface DrainPool {
  readonly capacity: number;
  readonly ejected: { readonly machines: number; readonly capacity: number };
}

/** Ticks over threshold before a server may be drained. */
export const drainAfterTicks = 2;

/** The metrics that grow with the traffic that a server takes over. */
const trafficMetrics = ['cpu', 'bandwidth', 'threads'] as const;

/**
 * Rule 2 of the guard. A server is drained only if it is over a threshold on two consecutive ticks, the servers under their
 * thresholds would stay there with its work added, and at most the allowed part of the pool's capacity is drained. A drain ends
 * when the server has recovered or its agent is silent, when more than that part is drained, and when every other server is
 * over a threshold too. At least one server is never drained. Metrics that are set aside do not count.
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
  let movedShare = sum(kept.map(({ trafficShare }) => trafficShare));

  const carriers = new Carriers(
    subjects.filter((each) => !drained.has(each)),
    thresholds,
  );
  const candidates = subjects
    .filter((each) => !each.drained && each.fresh && !each.ramping && each.overTicks >= drainAfterTicks)
    .sort((a, b) => byExcess(b, a, thresholds));
  for (const candidate of candidates) {
    drained.add(candidate);
    const limit = drained.brokenLimit;
    const refusal =
      limit === null
        ? carriers.refusal(movedShare + candidate.trafficShare, candidate)
        : { because: limit, detail: limitDetail(limit, candidate) };
    if (refusal === null) {
      movedShare += candidate.trafficShare;
      continue;
    }
    drained.delete(candidate);
    const metrics = metricsOver(candidate.utilisation, thresholds);
    reasons.set(candidate.server, { code: 'drain-refused', metrics, ...refusal });
  }

  // since a drain was decided the pool may have shrunk, or the others may be busier: the least loaded server comes back first
  const isOver = (subject: DrainSubject) => subject.overTicks >= drainAfterTicks || subject.failing;
  let restUnder = subjects.filter((each) => !drained.has(each) && !isOver(each)).length;
  for (const subject of drained.all.sort((a, b) => byExcess(a, b, thresholds))) {
    const because = drained.brokenLimit ?? (restUnder === 0 ? 'others-overloaded' : null);
    if (because === null) break;
    drained.delete(subject);
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

/** Servers that can take over work: visible, not over a threshold themselves, and not failing. */
class Carriers {
  readonly #trafficShare: number;
  /** The server nearest to a threshold, by the metrics that grow with the traffic; `fullness` 1 is at the threshold. */
  readonly #tightest: { server: string; metric: MetricName; utilisation: number; fullness: number } | null = null;
  readonly #count: number;
  /** Servers whose load is known, whether they can carry more or not. */
  readonly #visible: ReadonlySet<string>;

  constructor(rest: readonly DrainSubject[], thresholds: Thresholds) {
    const visible = rest.filter(({ fresh, cpuIsKnown }) => fresh && cpuIsKnown);
    const carriers = visible.filter(({ utilisation, failing }) => {
      return !failing && metricsOver(utilisation, thresholds).length === 0;
    });
    this.#count = carriers.length;
    this.#visible = new Set(visible.map(({ server }) => server));
    this.#trafficShare = sum(carriers.map(({ trafficShare }) => trafficShare));
    for (const { server, utilisation } of carriers.toSorted((a, b) => (a.server < b.server ? -1 : 1))) {
      for (const metric of trafficMetrics) {
        const value = utilisation[metric];
        if (value === null || value === 0) continue;
        const fullness = value / thresholds[metric];
        if (this.#tightest === null || fullness > this.#tightest.fullness) {
          this.#tightest = { server, metric, utilisation: value, fullness };
        }
      }
    }
  }

  /**
   * Why they could not take over this share of the traffic; null: they could. All of it is taken to move to the servers
   * that can carry more, which errs on the side of not draining.
   */
  refusal(movedShare: number, candidate: DrainSubject): { because: DrainRefusedBecause; detail: string } | null {
    if (this.#trafficShare <= 0) {
      const others = this.#visible.size - (this.#visible.has(candidate.server) ? 1 : 0);
      return this.#count === 0 && others > 0
        ? { because: 'others-overloaded', detail: 'every other server is over a threshold or failing' }
        : { because: 'cannot-predict', detail: 'no other server has a fresh cpu metric and traffic' };
    }
    const growth = (this.#trafficShare + movedShare) / this.#trafficShare;
    if (this.#tightest === null || this.#tightest.fullness * growth < 1) return null;
    const { server, metric, utilisation } = this.#tightest;
    const predicted = Math.round(utilisation * growth * 100);
    return { because: 'others-overloaded', detail: `${server} would be at ${predicted} % ${metric}` };
  }
}

/** By how far over threshold, then by name, so that the order of the servers does not matter. */
function byExcess(a: DrainSubject, b: DrainSubject, thresholds: Thresholds): number {
  const difference = worstExcess(a.utilisation, thresholds) - worstExcess(b.utilisation, thresholds);
  if (difference !== 0) return difference;
  return a.server < b.server ? -1 : 1;
}
