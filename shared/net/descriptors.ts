import { readdirSync, readFileSync } from 'node:fs';

/** How many descriptors this process may still open; null where the kernel does not tell. */
export function freeDescriptors(): number | null {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? null : Math.max(0, Number(limit) - readdirSync('/proc/self/fd').length);
  } catch {
    return null;
  }
}

/** How many callers may have a connection where so many descriptors are free: a quarter of a small number. Pure. */
export function callersWithin(free: number | null, most: number): number {
  return free === null ? most : Math.max(1, Math.min(most, Math.floor(free / 4)));
}
