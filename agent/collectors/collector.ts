import type { Result } from '../../shared/contract/result.ts';
import type { Metric, MetricName } from '../../shared/contract/snapshot.ts';
import type { Unavailable } from '../kernel/unavailable.ts';

/** A reading and when it was taken, by the monotonic clock. */
export interface Timed<Reading> {
  readonly atMs: number;
  readonly reading: Reading;
}

/** The two ends of the window; `first` is null until it is full. */
export interface Window<Reading> {
  readonly first: Timed<Reading> | null;
  readonly last: Timed<Reading>;
}

/** One metric: how to read the kernel's numbers, and what they come to. */
export interface Collector<Name extends MetricName, Reading> {
  readonly name: Name;
  /** Least time between readings, for one that costs much and needs no second reading to compare with. */
  readonly everyMs?: number;
  /** Reads raw numbers, once a sample. An expected failure is a value; whatever is thrown counts as `failed`. */
  read(nowMs: number): Result<Reading, Unavailable>;
  /** Pure: the metric from the readings at the ends of the window. */
  compute(window: Window<Reading>): Metric<Name>;
}
