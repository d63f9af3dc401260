import { median } from '../../shared/math/statistics.ts';
import { failedShare, type SimulationResult } from '../../testbed/simulator/result.ts';
import type { Measured } from './run.ts';

/** Figures of a candidate: medians over its seeds; null if no run has such a figure. Times in ms. */
export interface Figures {
  readonly meanMs: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Shares of all requests, 0 to 1. */
  readonly withinSecond: number | null;
  readonly failed: number | null;
  /** Largest utilisation of a server / mean of the servers. */
  readonly maxOverMean: number | null;
  /** Sum over the servers of how far their shares move per tick, 0 to 2; the mean over the ticks. */
  readonly movement: number | null;
  /** Ticks after which every server that is up had weight 0, in the worst run. */
  readonly allZeroTicks: number;
}

export function figuresOf({ runs }: Measured): Figures {
  const of = (figure: (result: SimulationResult) => number | null) =>
    median(runs.map(({ result }) => figure(result)).filter((value) => value !== null));
  return {
    meanMs: of(({ meanMs }) => meanMs),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    withinSecond: of(({ withinSecond }) => withinSecond),
    failed: of(failedShare),
    maxOverMean: of(({ maxOverMean }) => maxOverMean),
    movement: of(({ shareMovement }) => shareMovement.mean),
    allZeroTicks: Math.max(...runs.map(({ result }) => result.allZeroTicks)),
  };
}

/** Lowest mean first; candidates without a mean last. */
export function byMean<T extends { readonly figures: Figures }>(rows: readonly T[]): T[] {
  const mean = ({ figures }: T) => figures.meanMs ?? Number.POSITIVE_INFINITY;
  return rows.toSorted((one, other) => (mean(one) === mean(other) ? 0 : mean(one) - mean(other)));
}
