import { median } from '../../shared/math/statistics.ts';

/** A look at a process: what is alive in it after a collection of garbage, and what it holds of the machine. */
export interface MemorySample {
  /** Objects and buffers, in bytes; null for a process that cannot be asked to collect its garbage. */
  readonly heapBytes: number | null;
  readonly residentBytes: number;
}

export interface Growth {
  /** From the second quarter of the run to the last, in bytes. */
  readonly heapBytes: number | null;
  readonly residentBytes: number;
}

/** Fewer looks say nothing: the first ones are caches that fill and code that is compiled. */
const leastSamples = 20;

/**
 * What a process has grown by, without its first quarter. Medians, because resident memory is given back in steps. null
 * for a run that is too short.
 */
export function growthOf(samples: readonly MemorySample[]): Growth | null {
  if (samples.length < leastSamples) return null;
  const quarter = Math.floor(samples.length / 4);
  const [early, late] = [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)];
  const between = (of: (sample: MemorySample) => number) => (median(late.map(of)) ?? 0) - (median(early.map(of)) ?? 0);
  const hasHeap = samples.every(({ heapBytes }) => heapBytes !== null);
  return {
    heapBytes: hasHeap ? between(({ heapBytes }) => heapBytes ?? 0) : null,
    residentBytes: between(({ residentBytes }) => residentBytes),
  };
}

const mib = 1024 ** 2;
/**
 * Of a heap that is looked at after collections of garbage, what is alive says whether something is kept: a leak of 100
 * bytes a case is 8 MiB after 80,000 cases. Its resident memory follows the largest case so far and the collector's mind,
 * so that it only has a ceiling; where nothing else is known of a process, its growth has to do.
 */
export const memoryLimits = {
  heapGrowthBytes: 8 * mib,
  residentGrowthBytes: 128 * mib,
  residentBytes: 768 * mib,
} as const;

export function memoryFault(samples: readonly MemorySample[]): string | null {
  const highest = samples.reduce((most, { residentBytes }) => Math.max(most, residentBytes), 0);
  if (highest > memoryLimits.residentBytes) return `resident memory was ${inMib(highest)}`;
  const growth = growthOf(samples);
  if (growth === null) return null;
  const { heapBytes, residentBytes } = growth;
  if (heapBytes === null) {
    return residentBytes > memoryLimits.residentGrowthBytes ? `resident memory grew by ${inMib(residentBytes)}` : null;
  }
  return heapBytes > memoryLimits.heapGrowthBytes ? `the heap grew by ${inMib(heapBytes)}` : null;
}

export function inMib(bytes: number): string {
  return `${(bytes / mib).toFixed(1)} MiB`;
}
