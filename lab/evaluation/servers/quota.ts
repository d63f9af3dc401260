/** CFS bandwidth control: `quotaUs` of CPU time in every `periodUs`. */
export interface Quota {
  readonly quotaUs: number;
  readonly periodUs: number;
}

/**
 * The kernel's default period is 100 ms, in which a server of 0.03 cores would run for 3 ms and then stop for 97 ms.
 * A shorter period is closer to a small machine that runs all the time; the kernel accepts no quota below 1 ms.
 */
const periodUs = 40_000;
const leastQuotaUs = 1_000;

/** Throws a RangeError for a quota that the kernel would refuse. */
export function quotaOf(cores: number): Quota {
  const quotaUs = Math.round(cores * periodUs);
  if (quotaUs < leastQuotaUs) throw new RangeError(`${cores} cores: at least ${leastQuotaUs / periodUs}`);
  return { quotaUs, periodUs };
}
