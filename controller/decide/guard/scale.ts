import { sum } from '../../../shared/math/statistics.ts';

/** HAProxy's largest weight: all of it is used, for resolution. */
export const maxWeight = 256;

/** Relative weights > 0 lifted to at least `floor` times their mean, so that a server stays in sight. */
export function applyFloor(weights: readonly number[], floor: number): number[] {
  const least = (floor * sum(weights)) / Math.max(1, weights.length);
  return weights.map((weight) => Math.max(weight, least));
}

/** Relative weights > 0 as integers from 1 to 256, the largest at 256. */
export function toIntegers(weights: readonly number[]): number[] {
  const largest = Math.max(...weights);
  return weights.map((weight) => Math.max(1, Math.round((maxWeight * weight) / largest)));
}
