import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory of a process, in bytes. Throws where it is gone. */
export function residentBytes(pid: number | 'self'): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has ended`);
  return Number(kib) * 1024;
}

/** How many descriptors a process holds. */
export function descriptorCount(pid: number | 'self'): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
