import type { DrainRefusedBecause, Reason, ReleasedBecause } from '../../contract/decision.ts';
import type { Utilisations } from '../../contract/observation.ts';
import type { Thresholds } from '../../contract/policy.ts';
import { sum } from '../policies/sum.ts';
import { hasRecovered, metricsOver, worstExcess } from './overload.ts';
import type { GuardSettings } from './settings.ts';

/** One server in rotation, as the drain rule sees it. */
export interface DrainSubject {
  readonly server: string;
  readonly fresh: boolean;
  readonly drained: boolean;
  /** Still ramping up: not to be drained again before it has its full weight. */
  readonly ramping: boolean;
  /** Smoothed. */
  readonly utilisation: Utilisations;
  readonly overTicks: number;
  /** Effective cores, or 1 for every server where they are not known of all. */
  readonly capacity: number;
  /** Its part of the backend's present traffic, 0 to 1. */
  readonly trafficShare: number;
}

export interface DrainOutcome {
  readonly drained: ReadonlySet<string>;
  readonly reasons: ReadonlyMap<string, Reason>;
}

/** Effective cores (or servers) of all in rotation, and of those that are ejected and so out already. */
export interface DrainPool {
  readonly capacity: number;
  readonly ejected: number;
}

/** Ticks over threshold before a server may be drained. */
export const drainAfterTicks = 2;

const limits = {
  'last-server': 'no other server is in rotation',
  'half-drained': 'too much of the pool would have weight 0',
} as const;

/** The metrics that grow with the traffic that a server takes over. */
const trafficMetrics = ['cpu', 'bandwidth', 'threads'] as const;

/**
 * Rule 2 of the guard: a server is drained only if it is over a threshold on two consecutive ticks, the servers that are
 * under theirs would stay so with its work added, and no more than the allowed part of the pool's capacity is drained.
 * A drain is lifted when its server has recovered or fallen silent, when it is no longer within that part, and when
 * every other server is over a threshold too. At least one server is never drained.
 */
export function decideDrains(
  subjects: readonly DrainSubject[],
  pool: DrainPool,
  thresholds: Thresholds,
  settings: Pick<GuardSettings, 'returnMargin' | 'maxDrainedShare'>,
): DrainOutcome {
  const reasons = new Map<string, Reason>();
  const drained = new Map<string, DrainSubject>();
  const release = (subject: DrainSubject, because: ReleasedBecause) => {
    drained.delete(subject.server);
    reasons.set(subject.server, { code: 'released', because });
  };

  const limitBroken = (out: readonly DrainSubject[]): keyof typeof limits | null => {
    if (out.length === subjects.length) return 'last-server';
    const share = (pool.ejected + capacityOf(out)) / pool.capacity;
    return share > settings.maxDrainedShare + 1e-9 ? 'half-drained' : null;
  };

  for (const subject of subjects.filter((each) => each.drained)) {
    drained.set(subject.server, subject);
    if (!subject.fresh) release(subject, 'stale');
    else if (hasRecovered(subject.utilisation, thresholds, settings.returnMargin)) release(subject, 'recovered');
  }

  const candidates = subjects
    .filter((each) => !each.drained && each.fresh && !each.ramping && each.overTicks >= drainAfterTicks)
    .sort((a, b) => byExcess(b, a, thresholds));
  for (const candidate of candidates) {
    const metrics = metricsOver(candidate.utilisation, thresholds);
    const out = [candidate, ...drained.values()];
    const limit = limitBroken(out);
    const refusal =
      limit === null ? whyNotCarried(out, subjects, thresholds) : { because: limit, detail: limits[limit] };
    if (refusal === null) drained.set(candidate.server, candidate);
    else reasons.set(candidate.server, { code: 'drain-refused', metrics, ...refusal });
  }

  // the pool may have shrunk, or the others grown busy, since a drain was decided: the least loaded comes back first
  const leastLoadedFirst = [...drained.values()].sort((a, b) => byExcess(a, b, thresholds));
  for (const subject of leastLoadedFirst) {
    const rest = subjects.filter((each) => !drained.has(each.server));
    const limit = limitBroken([...drained.values()]);
    if (limit !== null) release(subject, limit);
    else if (rest.every((each) => each.overTicks >= drainAfterTicks)) release(subject, 'others-overloaded');
  }
  for (const subject of drained.values()) {
    reasons.set(subject.server, { code: 'drained', metrics: metricsOver(subject.utilisation, thresholds) });
  }
  return { drained: new Set(drained.keys()), reasons };
}

/** By how far over threshold, then by name, so that the order of the servers does not matter. */
function byExcess(a: DrainSubject, b: DrainSubject, thresholds: Thresholds): number {
  const difference = worstExcess(a.utilisation, thresholds) - worstExcess(b.utilisation, thresholds);
  if (difference !== 0) return difference;
  return a.server < b.server ? -1 : 1;
}

/** Whether it can take over work: visible, and not over a threshold itself. */
function canCarry(subject: DrainSubject, thresholds: Thresholds): boolean {
  const { fresh, utilisation } = subject;
  return fresh && utilisation.cpu !== null && metricsOver(utilisation, thresholds).length === 0;
}

/** Why the others could not do the work of these, if so. */
function whyNotCarried(
  out: readonly DrainSubject[],
  subjects: readonly DrainSubject[],
  thresholds: Thresholds,
): { because: DrainRefusedBecause; detail: string } | null {
  const gone = new Set(out.map(({ server }) => server));
  const rest = subjects.filter(({ server }) => !gone.has(server));
  // all of the work is taken to move to the servers that can carry more, which errs on the side of not draining
  const carriers = rest.filter((each) => canCarry(each, thresholds));
  const carrying = sum(carriers.map(({ trafficShare }) => trafficShare));
  if (carriers.length === 0 && rest.some(({ fresh, utilisation }) => fresh && utilisation.cpu !== null)) {
    return { because: 'others-overloaded', detail: 'every other server is over a threshold too' };
  }
  if (carrying <= 0) return { because: 'cannot-predict', detail: 'no other server has a fresh cpu metric and traffic' };
  const moved = sum(subjects.filter(({ server }) => gone.has(server)).map(({ trafficShare }) => trafficShare));
  const growth = (carrying + moved) / carrying;
  for (const each of [...carriers].sort((a, b) => byExcess(b, a, thresholds))) {
    const metric = trafficMetrics.find((name) => (each.utilisation[name] ?? 0) * growth >= thresholds[name]);
    if (metric === undefined) continue;
    const predicted = Math.round((each.utilisation[metric] ?? 0) * growth * 100);
    return { because: 'others-overloaded', detail: `${each.server} would be at ${predicted} % ${metric}` };
  }
  return null;
}

function capacityOf(subjects: readonly DrainSubject[]): number {
  return sum(subjects.map(({ capacity }) => capacity));
}
