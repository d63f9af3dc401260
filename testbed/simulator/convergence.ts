import { maxOverMean, sharesOf, type TickSample } from './result.ts';

/**
 * Largest over mean of the utilisations that the weights alone would make (share over capacity) at a sample: unlike
 * measured utilisations it has no noise of random arrivals in it. null where nothing is known.
 */
export function imbalance(sample: TickSample): number | null {
  const shares = sharesOf(sample);
  return maxOverMean(
    sample.capacity.map((capacity, index) => (capacity === 0 ? null : (shares[index] ?? 0) / capacity)),
  );
}

/**
 * How many ticks from `fromSeconds` on it took until the weights first suited the capacities, that is, until their
 * imbalance was at or under the bound: 1 when the first tick found them so. null: never.
 */
export function ticksToConverge(samples: readonly TickSample[], fromSeconds: number, bound = 1.25): number | null {
  const after = samples.filter(({ atSeconds }) => atSeconds >= fromSeconds);
  const even = after.findIndex((sample) => (imbalance(sample) ?? Number.POSITIVE_INFINITY) <= bound);
  return even === -1 ? null : even + 1;
}
