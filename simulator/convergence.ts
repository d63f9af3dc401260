import { maxOverMean, type Sample, sharesOf } from './result.ts';

/**
 * `measured`: utilisations over the last tick, with the noise of random arrivals. `ideal`: what the shares of the weights
 * alone would make of them (share over capacity), which has none.
 */
export type Imbalance = 'measured' | 'ideal';

/** Largest over mean utilisation at a sample; null where nothing is known. */
export function imbalance(sample: Sample, by: Imbalance): number | null {
  if (by === 'measured') return maxOverMean(sample.utilisation);
  const shares = sharesOf(sample);
  return maxOverMean(
    sample.capacity.map((capacity, index) => (capacity === 0 ? null : (shares[index] ?? 0) / capacity)),
  );
}

export interface ConvergenceOptions {
  readonly by: Imbalance;
  /** The change that is to be followed; ticks count from here. */
  readonly fromSeconds: number;
  /** Later samples do not count; default: all do. */
  readonly untilSeconds?: number;
  /** Converged at or under this; default 1.25. */
  readonly bound?: number;
  /** `measured` is the mean of so many ticks, none from before `fromSeconds`; default 1. More ticks, less noise. */
  readonly windowTicks?: number;
}

/**
 * How many ticks it took until the servers were evenly used and stayed so: 1 when the first tick from then on found them
 * so. null: not to the end.
 */
export function ticksToConverge(samples: readonly Sample[], options: ConvergenceOptions): number | null {
  const { by, fromSeconds, untilSeconds = Number.POSITIVE_INFINITY, bound = 1.25, windowTicks = 1 } = options;
  const counted = samples.filter(({ atSeconds }) => atSeconds >= fromSeconds && atSeconds <= untilSeconds);
  const lastUneven = counted.findLastIndex((sample, index) => {
    const window = counted.slice(Math.max(0, index + 1 - windowTicks), index + 1);
    const value = imbalance({ ...sample, utilisation: meanUtilisations(window) }, by);
    return value !== null && value > bound;
  });
  return lastUneven === counted.length - 1 ? null : lastUneven + 2;
}

function meanUtilisations(window: readonly Sample[]): (number | null)[] {
  const servers = window[0]?.utilisation ?? [];
  return servers.map((_, server) => {
    const known = window.map(({ utilisation }) => utilisation[server] ?? null).filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  });
}
