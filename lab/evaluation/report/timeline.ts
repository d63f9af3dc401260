import { mean } from '../../../shared/math/statistics.ts';
import type { Cell } from '../record.ts';

/** Width of a point: samples are thinned out to this. */
const stepMs = 500;

/** How one cell went: a value per server and half second, null where no sample was taken. */
export interface Timeline extends Pick<Cell, 'scenario' | 'contender' | 'repetition' | 'durationMs'> {
  readonly servers: Cell['servers'];
  /** Middles of the half seconds. */
  readonly atMs: readonly number[];
  /** Weight / sum of weights, 0 to 1, by server; mean of the half second. */
  readonly shares: readonly (readonly (number | null)[])[];
  /** CPU used / CPU quota, by server; mean of the half second. */
  readonly utilisation: readonly (readonly (number | null)[])[];
}

export function timelineOf({ scenario, contender, repetition, durationMs, servers, samples }: Cell): Timeline {
  const totals = samples.atMs.map((_, index) => samples.weights.reduce((sum, column) => sum + (column[index] ?? 0), 0));
  const steps = Array.from({ length: Math.ceil(durationMs / stepMs) }, (_, step) => step);
  const indexes = steps.map((step) =>
    samples.atMs.flatMap((ms, index) => (Math.floor(ms / stepMs) === step ? [index] : [])),
  );
  const thin = (valueAt: (index: number) => number) => indexes.map((chosen) => mean(chosen.map(valueAt)));
  return {
    scenario,
    contender,
    repetition,
    durationMs,
    servers,
    atMs: steps.map((step) => (step + 0.5) * stepMs),
    shares: samples.weights.map((column) => thin((index) => (column[index] ?? 0) / Math.max(1, totals[index] ?? 0))),
    utilisation: samples.utilisation.map((column) => thin((index) => column[index] ?? 0)),
  };
}
