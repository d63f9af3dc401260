import type { LoadFactors } from '../../../../shared/contract/policy.ts';
import { mean, median } from '../../../../shared/math/statistics.ts';
import { type FollowingMemory, followingParts } from './following.ts';

export interface LoadSubject {
  readonly following: FollowingMemory | null;
  /** Whether that is of now; if not, its factor is held. */
  readonly fresh: boolean;
  /** 0 to 1; null: not known. */
  readonly bandwidth: number | null;
  /** ln of the factor (4), smoothed. */
  readonly distance: number;
  /** Whether it has less work than its weight by this policy would bring: its low load says nothing of its size. */
  readonly heldBack: boolean;
}

/** Below this a load counts as this: differences between idle servers are noise. */
const minLoad = 0.05;
/** Least factor: equation (4) is negative beyond twice the mean load. */
const minFactor = 0.1;
/** Per tick; the publication's loop is stable for any load up to a gain of 0.5, with a tick of delay. */
const gain = 0.25;
/** Standard deviation of what noise is left in an exponentially weighted mean, as a part of a single value's. */
const leftNoise = Math.sqrt(gain / (2 - gain));
/** Standard deviations of noise that are no difference. */
const deadDeviations = 4;

export interface LoadOutcome {
  readonly distance: number;
  /** ln of the factor: what of the distance is more than noise. */
  readonly logFactor: number;
}

/**
 * The logarithms of the publication's factor, equations (3) and (4), smoothed, of the load (1) without what does not follow the
 * traffic. Differences that noise explains are none. Servers with equal loads keep the factor 1.
 */
export function loadFactors(subjects: readonly LoadSubject[], factors: LoadFactors): LoadOutcome[] {
  const bandwidth = median(subjects.flatMap((each) => each.bandwidth ?? [])) ?? 0;
  const loads = subjects.map((each) => loadOf(each, bandwidth, factors));
  const free = loads.flatMap((load, index) =>
    load === null || !subjects[index]?.fresh || subjects[index].heldBack ? [] : [load.load],
  );
  const average = mean(free);
  return subjects.map(({ distance: before, fresh, heldBack }, index) => {
    const known = loads[index] ?? null;
    const now = known === null || average === null || !fresh ? before : Math.log(inverseLoad(known.load, average));
    const distance = before + gain * ((heldBack ? Math.min(0, now) : now) - before);
    // near balance (4) answers twice the difference of the loads
    const dead = 2 * deadDeviations * leftNoise * (known?.noise ?? 0);
    return { distance, logFactor: Math.sign(distance) * Math.max(0, Math.abs(distance) - dead) };
  });
}

/** Equations (3) and (4), multiplied by the average. */
function inverseLoad(load: number, average: number): number {
  const delta = Math.abs(average - load) / average;
  return Math.max(minFactor, (average / load) * (load <= average ? 1 + delta : 1 - delta));
}

function loadOf({ following, bandwidth }: LoadSubject, usualBandwidth: number, factors: LoadFactors) {
  if (following === null) return null;
  const { ram, threads } = followingParts(following);
  const measured =
    factors.cpu * following.cpu +
    factors.ram * ram +
    factors.bandwidth * (bandwidth ?? usualBandwidth) +
    factors.threads * threads;
  const load = Math.max(minLoad, measured);
  return { load, noise: (factors.cpu / load) * Math.sqrt(following.cpuSquare / 2) };
}
