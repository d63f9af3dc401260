import { endianness } from 'node:os';

/** Constants of this machine that Node.js does not tell. */
export interface MachineUnits {
  readonly pageBytes: number;
  readonly ticksPerSecond: number;
}

/** From getauxval(3). */
const types = { pageSize: 6n, clockTicks: 17n } as const;
const fallback: MachineUnits = { pageBytes: 4096, ticksPerSecond: 100 };

/** Reads /proc/self/auxv: pairs of 64-bit type and value. What it lacks has the value that nearly every Linux has. */
export function parseAuxv(bytes: Uint8Array | null): MachineUnits {
  if (bytes === null) return fallback;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const littleEndian = endianness() === 'LE';
  const found = new Map<bigint, number>();
  for (let offset = 0; offset + 16 <= view.byteLength; offset += 16) {
    found.set(view.getBigUint64(offset, littleEndian), Number(view.getBigUint64(offset + 8, littleEndian)));
  }
  return {
    pageBytes: plausible(found.get(types.pageSize), 1024, 1 << 20) ?? fallback.pageBytes,
    ticksPerSecond: plausible(found.get(types.clockTicks), 1, 10_000) ?? fallback.ticksPerSecond,
  };
}

function plausible(value: number | undefined, least: number, most: number): number | undefined {
  return value !== undefined && value >= least && value <= most ? value : undefined;
}
