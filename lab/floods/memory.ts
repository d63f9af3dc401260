import { readFileSync, writeFileSync } from 'node:fs';

/** Has the kernel forget how much memory the process had at most; what it has now, resident, in MiB. */
export function forgetPeak(pid: number): number {
  // proc(5), clear_refs: 5 resets the peak to the current value
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  return fieldOf(pid, 'VmRSS');
}

/** The most that it had since then, resident, in MiB: the kernel's own record, so no moment is missed. */
export function peakOf(pid: number): number {
  return fieldOf(pid, 'VmHWM');
}

function fieldOf(pid: number, field: string): number {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm'));
  return Number(line?.[1]) / 1_024;
}
