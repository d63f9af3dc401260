import { maxOverMean, sharesOf, type TickSample } from './result.ts';

/**
 * Largest / mean of the utilisations that the weights alone would cause (share / capacity) at a sample. Unlike
 * measured utilisations it has no noise of random arrivals. null if unknown.
 */
export function imbalance(sample: TickSample): number | null {
  const shares = sharesOf(sample);
  return maxOverMean(
    sample.capacity.map((capacity, index) => (capacity === 0 ? null : (shares[index] ?? 0) / capacity)),
  );
}

/**
 * How many ticks from `fromSeconds` on it took until the weights first fitted the capacities, that is, until their
 * imbalance was at most the bound: 1 if they did at the first tick. null: never.
 */
export function ticksToConverge(samples: readonly TickSample[], fromSeconds: number, bound = 1.25): number | null {
  const after = samples.filter(({ atSeconds }) => atSeconds >= fromSeconds);
  const even = after.findIndex((sample) => (imbalance(sample) ?? Number.POSITIVE_INFINITY) <= bound);
  return even === -1 ? null : even + 1;
}
