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

/** Reads /sys/class/net/NAME/speed, in megabits per second; null where the driver has none (-1, or nothing at all). */
export function parseLinkSpeed(text: string | null): number | null {
  const megabits = parseCount(text?.trim());
  return megabits === null || megabits === 0 || megabits > 10_000_000 ? null : megabits * 1e6;
}
