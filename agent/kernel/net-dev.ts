import { parseCount } from './numbers.ts';

/** Bytes that passed an interface since it came up. */
export interface InterfaceBytes {
  readonly receivedBytes: number;
  readonly transmittedBytes: number;
}

/** Reads /proc/net/dev. An old kernel leaves no space between the colon and a large number. */
export function parseNetDev(text: string): ReadonlyMap<string, InterfaceBytes> {
  const interfaces = new Map<string, InterfaceBytes>();
  for (const line of text.split('\n')) {
    const colon = line.lastIndexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim();
    const columns = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/);
    const [receivedBytes, transmittedBytes] = [parseCount(columns[0]), parseCount(columns[8])];
    if (name === '' || receivedBytes === null || transmittedBytes === null) continue;
    interfaces.set(name, { receivedBytes, transmittedBytes });
  }
  return interfaces;
}

/** What drivers say that do not know, in Mbit/s: older kernels print -1 in 16 bits, tun and some virtual cards say 10. */
const unknownMegabits: ReadonlySet<number> = new Set([0, 10, 65_535]);

/** Reads /sys/class/net/NAME/speed, in bits per second; null where the driver knows none (-1, or nothing at all). */
export function parseLinkSpeed(text: string | null): number | null {
  const megabits = parseCount(text?.trim());
  if (megabits === null || unknownMegabits.has(megabits) || megabits > 10_000_000) return null;
  return megabits * 1e6;
}

/** Interfaces with a default route (destination and mask 0) in /proc/net/route. */
export function parseDefaultRoutes(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const line of text.split('\n')) {
    const [name = '', destination, , , , , , mask] = line.split('\t');
    if (name !== '' && destination === '00000000' && mask === '00000000') names.add(name);
  }
  return names;
}
