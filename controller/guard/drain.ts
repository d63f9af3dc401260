import type { DrainRefusedBecause, Reason, ReleasedBecause } from '../../contract/decision.ts';
import type { Utilisations } from '../../contract/observation.ts';
import type { Thresholds } from '../../contract/policy.ts';
import type { MetricName } from '../../contract/snapshot.ts';
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

/** Ticks over threshold before a server may be drained. */
export const drainAfterTicks = 2;

/** The metrics that grow with the traffic that a server takes over. */
const trafficMetrics = ['cpu', 'bandwidth', 'threads'] as const;

/**
 * Rule 2 of the guard: a server is drained only if it is over a threshold on two consecutive ticks, the others can
 * carry its work, and no more than the allowed part of the pool's capacity is drained. A drain that no longer fits
 * these is lifted. At least one server is never drained.
 */
export function decideDrains(
  subjects: readonly DrainSubject[],
  thresholds: Thresholds,
  settings: Pick<GuardSettings, 'returnMargin' | 'maxDrainedShare'>,
): DrainOutcome {
  const reasons = new Map<string, Reason>();
  const drained = new Map<string, DrainSubject>();
  const release = (subject: DrainSubject, because: ReleasedBecause) => {
    drained.delete(subject.server);
    reasons.set(subject.server, { code: 'released', because });
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
    const refusal = whyNotDrain(candidate, [...drained.values()], subjects, thresholds, settings.maxDrainedShare);
    if (refusal === null) drained.set(candidate.server, candidate);
    else reasons.set(candidate.server, { code: 'drain-refused', metrics, ...refusal });
  }

  // the pool may have shrunk, or the others grown busy, since a drain was decided: the least loaded comes back first
  const leastLoadedFirst = [...drained.values()].sort((a, b) => byExcess(a, b, thresholds));
  for (const subject of leastLoadedFirst) {
    const rest = subjects.filter((each) => !drained.has(each.server));
    const overHalf = capacityOf([...drained.values()]) > settings.maxDrainedShare * capacityOf(subjects) + 1e-9;
    if (rest.length === 0) release(subject, 'last-server');
    else if (overHalf) release(subject, 'half-drained');
    else if (subject.drained && rest.some((each) => cannotCarry(each, thresholds))) {
      release(subject, 'others-overloaded');
      break; // one a tick: its return may be enough
    }
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

function cannotCarry(subject: DrainSubject, thresholds: Thresholds): boolean {
  if (!subject.fresh || subject.overTicks < drainAfterTicks) return false;
  const over: readonly MetricName[] = metricsOver(subject.utilisation, thresholds);
  return trafficMetrics.some((metric) => over.includes(metric));
}

function whyNotDrain(
  candidate: DrainSubject,
  drained: readonly DrainSubject[],
  subjects: readonly DrainSubject[],
  thresholds: Thresholds,
  maxDrainedShare: number,
): { because: DrainRefusedBecause; detail: string } | null {
  const gone = new Set([candidate, ...drained].map(({ server }) => server));
  const rest = subjects.filter(({ server }) => !gone.has(server));
  if (rest.length === 0) return { because: 'last-server', detail: 'no other server in rotation' };
  if (capacityOf([candidate, ...drained]) > maxDrainedShare * capacityOf(subjects) + 1e-9) {
    return { because: 'half-drained', detail: `at most ${maxDrainedShare * 100} % of the capacity may be drained` };
  }
  // servers that we cannot see are taken to carry nothing more, which errs on the side of not draining
  const visible = rest.filter((each) => each.fresh && each.utilisation.cpu !== null);
  const carrying = sum(visible.map(({ trafficShare }) => trafficShare));
  if (carrying <= 0) return { because: 'cannot-predict', detail: 'no other server has a fresh cpu metric and traffic' };
  const moved = sum(subjects.filter(({ server }) => gone.has(server)).map(({ trafficShare }) => trafficShare));
  const growth = (carrying + moved) / carrying;
  for (const each of [...visible].sort((a, b) => byExcess(b, a, thresholds))) {
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
