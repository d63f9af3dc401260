import { readdirSync, readFileSync } from 'node:fs';

/** Descriptors more than at the start that are not a leak: a connection that is kept alive, a pipe of the runtime. */
const slackDescriptors = 4;

/** Resident memory of a process, in bytes. Throws if it has ended. */
export function residentBytes(pid: number | 'self'): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has ended`);
  return Number(kib) * 1024;
}

/** How many descriptors a process has open. */
export function descriptorCount(pid: number | 'self'): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

export function leaksDescriptors({ before, after }: Readonly<Record<'before' | 'after', number | null>>): boolean {
  return before !== null && after !== null && after > before + slackDescriptors;
}
