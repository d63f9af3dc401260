import { readdirSync, readFileSync } from 'node:fs';

/** What the kernel has counted for a process. */
export interface ProcessUsage {
  /** CPU time of all its threads, by the scheduler's clock of nanoseconds, in ms. */
  readonly cpuMs: number;
  readonly residentMiB: number;
}

export function processUsage(pid: number): ProcessUsage {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0]);
  });
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { cpuMs: threads.reduce((sum, each) => sum + each, 0) / 1e6, residentMiB: Number(resident) / 1_024 };
}
