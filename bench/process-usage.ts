import { readFileSync } from 'node:fs';

/** What the kernel has counted for a process and its threads. */
export interface ProcessUsage {
  readonly cpuMs: number;
  readonly residentMiB: number;
}

/** USER_HZ on Linux: /proc counts CPU in hundredths of a second. */
const clockTicksPerSecond = 100;

export function processUsage(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // the command's name, in parentheses, may hold spaces: fields are counted from behind it
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const cpuTicks = Number(fields[11]) + Number(fields[12]);
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { cpuMs: (cpuTicks * 1_000) / clockTicksPerSecond, residentMiB: Number(resident) / 1_024 };
}
