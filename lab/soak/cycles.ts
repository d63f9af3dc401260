import { median } from '../../shared/math/statistics.ts';
import type { Sample } from './sample.ts';
import type { Point } from './trend.ts';

export const hourMs = 3_600_000;
/** Memory is not judged in the first half: V8 still compiles and sizes its heap, for about ten minutes as measured. */
const warmUpPart = 1 / 2;

/**
 * The median of each cycle's quiet time, at its time in hours. Cycles are alike, so what differs between them is the
 * machine's noise or a trend.
 */
export function perCycle(samples: readonly Sample[], of: (sample: Sample) => number | null): readonly Point[] {
  return quietTimes(samples).flatMap((cycle): readonly Point[] => {
    const value = median(cycle.map(of).filter((each) => each !== null));
    return value === null ? [] : [{ at: (cycle[0]?.atMs ?? 0) / hourMs, value }];
  });
}

/** Growth of one counter / growth of another, from the end of one cycle to the end of the next. */
export function ratePerCycle(
  samples: readonly Sample[],
  of: (sample: Sample) => { readonly value: number; readonly per: number },
): readonly Point[] {
  const ends = quietTimes(samples).flatMap((cycle) => cycle.slice(-1));
  return ends.slice(1).flatMap((end, index): readonly Point[] => {
    const before = ends[index];
    if (before === undefined) return [];
    const [a, b] = [of(before), of(end)];
    return b.per > a.per ? [{ at: end.atMs / hourMs, value: (b.value - a.value) / (b.per - a.per) }] : [];
  });
}

/** The first cycle is left out: the code of the servers and the controller is still being compiled. */
export function afterFirstCycle(samples: readonly Sample[]): readonly Sample[] {
  return samples.filter(({ cycle }) => cycle > 0);
}

export function afterWarmUp(samples: readonly Sample[]): readonly Sample[] {
  const cycles = (samples.at(-1)?.cycle ?? 0) + 1;
  return samples.filter(({ cycle }) => cycle >= Math.floor(cycles * warmUpPart));
}

function quietTimes(samples: readonly Sample[]): readonly (readonly Sample[])[] {
  const quiet = samples.filter((sample) => sample.quiet);
  return [...Map.groupBy(quiet, ({ cycle }) => cycle).values()];
}
