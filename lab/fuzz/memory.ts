import { median } from '../../shared/math/statistics.ts';

/** Memory of a process at one moment. */
export interface MemorySample {
  /** Objects and buffers that are left after a garbage collection, in bytes; null for another process. */
  readonly heapBytes: number | null;
  readonly residentBytes: number;
}

export interface Growth {
  /** From the second quarter of the run to the last, in bytes. */
  readonly heapBytes: number | null;
  readonly residentBytes: number;
}

/** Fewer samples say nothing: during the first ones caches fill and code is compiled. */
const leastSamples = 20;

/**
 * By how much a process has grown, without its first quarter. Medians, because resident memory is given back in steps.
 * null for a run that is too short.
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
 * What is left on the heap after a garbage collection shows a leak: 100 bytes a case are 8 MiB after 80,000 cases. Resident
 * memory depends on the largest case so far and on when garbage is collected, so it only has a ceiling; its growth counts
 * only for a process whose heap cannot be read.
 */
export const memoryLimits = {
  heapGrowthBytes: 8 * mib,
  residentGrowthBytes: 128 * mib,
  residentBytes: 768 * mib,
} as const;

export function memoryFailure(samples: readonly MemorySample[]): string | null {
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
