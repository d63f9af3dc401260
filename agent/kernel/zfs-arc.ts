/** ZFS's statistics of its cache. */
export const arcstatsFile = '/proc/spl/kstat/zfs/arcstats';

/**
 * How much of its cache (ARC) ZFS gives back under memory pressure, in bytes: `size` - `c_min`, of lines
 * `name type value`. null where either is missing. The kernel does not count the cache as available.
 */
export function parseArcstats(text: string): number | null {
  const [size, least] = [statistic(text, 'size'), statistic(text, 'c_min')];
  return size === null || least === null ? null : Math.max(0, size - least);
}

function statistic(text: string, name: string): number | null {
  const digits = new RegExp(`^${name} +\\d+ +(\\d{1,15})\n`, 'm').exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}
