/** ZFS's statistics of its cache. */
export const arcstatsFile = '/proc/spl/kstat/zfs/arcstats';

/** What ZFS takes for the least size of its cache where nobody set one: a 32nd of memory, at least 32 MiB. */
const defaultLeast = { part: 1 / 32, bytes: 32 * 2 ** 20 } as const;

/**
 * How much of its cache (ARC) ZFS gives back under memory pressure, in bytes: `size` - `c_min`, of lines
 * `name type value`. null without a size. The kernel does not count the cache as available.
 */
export function parseArcstats(text: string, totalBytes = 0): number | null {
  const size = statistic(text, 'size');
  const least = statistic(text, 'c_min') ?? Math.max(defaultLeast.part * totalBytes, defaultLeast.bytes);
  return size === null ? null : Math.max(0, size - least);
}

function statistic(text: string, name: string): number | null {
  const digits = new RegExp(`^${name} +\\d+ +(\\d{1,15})\n`, 'm').exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}
