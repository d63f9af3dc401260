import { parseCount } from './numbers.ts';

/** The soft RLIMIT_NPROC of /proc/PID/limits; null where it is unlimited or not there. */
export function parseProcessLimit(text: string | null): number | null {
  return parseCount(/^Max processes +(\S+)/m.exec(text ?? '')?.[1]);
}

/** The second number of `running/total` in /proc/loadavg: every thread of the machine. null for 0, as gVisor has it: we are one. */
export function parseTotalThreads(text: string): number | null {
  return parseCount(/^\S+ \S+ \S+ \d+\/(\d+) /.exec(text)?.[1]) || null;
}

/** The last number of /proc/loadavg: the pid or thread id that was given out last. It moves with every fork. null for 0. */
export function parseLastPid(text: string | null): number | null {
  return parseCount(/ (\d+)\n?$/.exec(text ?? '')?.[1]) || null;
}
