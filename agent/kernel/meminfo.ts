/** Memory of a machine as /proc/meminfo tells it. */
export interface HostMemory {
  readonly totalBytes: number;
  /** The kernel's estimate of what could be had without swapping. */
  readonly availableBytes: number;
  /** What programs hold and only swapping could free: never available. */
  readonly heldBytes: number;
  /** Pages of the default size that lie in the pool of huge pages and are promised to nobody. */
  readonly freeHugeBytes: number;
  /** The size of those pages; null where the kernel has no huge pages. */
  readonly hugePageKib: number | null;
  /** Whether there may be pools of other sizes, which /proc/meminfo does not list. */
  readonly otherHugePools: boolean;
}

/** Reads /proc/meminfo. `MemFree` is of no use: a healthy machine fills it with page cache. */
export function parseMeminfo(text: string): HostMemory | null {
  const [totalKib, availableKib] = [kib(text, 'MemTotal'), kib(text, 'MemAvailable')];
  if (totalKib === null || availableKib === null || totalKib === 0) return null;
  const hugePageKib = kib(text, 'Hugepagesize');
  const freeHugePages = Math.max(0, pages(text, 'HugePages_Free') - pages(text, 'HugePages_Rsvd'));
  const allPoolsKib = kib(text, 'Hugetlb');
  return {
    totalBytes: totalKib * 1024,
    availableBytes: availableKib * 1024,
    heldBytes: ((kib(text, 'AnonPages') ?? 0) + (kib(text, 'Shmem') ?? 0)) * 1024,
    freeHugeBytes: freeHugePages * (hugePageKib ?? 0) * 1024,
    hugePageKib,
    // Kernels before 4.15 have no Hugetlb.
    otherHugePools: allPoolsKib === null || allPoolsKib > pages(text, 'HugePages_Total') * (hugePageKib ?? 0),
  };
}

/** With its unit, so that a number that was cut short is none. */
function kib(text: string, key: string): number | null {
  const digits = new RegExp(`^${key}: +(\\d{1,15}) kB`, 'm').exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}

function pages(text: string, key: string): number {
  return Number(new RegExp(`^${key}: +(\\d{1,15})\n`, 'm').exec(text)?.[1] ?? 0);
}
