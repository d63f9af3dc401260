import { sum } from '../../shared/math/statistics.ts';
import { parseCount } from './numbers.ts';

/** CPU time of the whole machine since boot, in core-seconds. */
export interface HostCpu {
  /** Time that was not idle, steal among it. */
  readonly busyCoreSeconds: number;
  readonly idleCoreSeconds: number;
  /** Time that the hypervisor gave to others while we had work. */
  readonly stealCoreSeconds: number;
  /** Cores that are online. */
  readonly cores: number;
}

/**
 * Reads the `cpu` line of /proc/stat: user nice system idle iowait irq softirq steal guest guest_nice.
 * iowait is idle: the core was free to work. guest is already inside user, and guest_nice inside nice (proc(5)).
 */
export function parseCpuStat(text: string, ticksPerSecond: number): HostCpu | null {
  // The lines about CPUs come first; those after them (a number for every interrupt line) can be long.
  const lines = cpuLines(text);
  const ticks = lines[0]?.slice('cpu'.length).trim().split(' ').map(parseCount) ?? [];
  const [user, nice, system, idle, iowait = 0, irq = 0, softirq = 0, steal = 0] = ticks;
  const busy = [user, nice, system, irq, softirq, steal];
  const free = [idle, iowait];
  const cores = lines.length - 1;
  if (cores < 1 || !text.startsWith('cpu ') || steal === null || !busy.every(isCount) || !free.every(isCount))
    return null;
  return {
    busyCoreSeconds: sum(busy) / ticksPerSecond,
    idleCoreSeconds: sum(free) / ticksPerSecond,
    stealCoreSeconds: steal / ticksPerSecond,
    cores,
  };
}

function cpuLines(text: string): readonly string[] {
  const lines: string[] = [];
  for (let start = 0; text.startsWith('cpu', start); ) {
    const end = text.indexOf('\n', start);
    lines.push(text.slice(start, end < 0 ? text.length : end));
    start = end < 0 ? text.length : end + 1;
  }
  return lines;
}

function isCount(value: number | null | undefined): value is number {
  return typeof value === 'number';
}

/** How many CPUs a list such as `0-3,8` names; null where it is empty or malformed. */
export function countCpuList(text: string | null): number | null {
  let count = 0;
  for (const range of (text ?? '').trim().split(',')) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(range);
    if (match === null) return null;
    const span = Number(match[2] ?? match[1]) - Number(match[1]) + 1;
    if (span < 1) return null;
    count += span;
  }
  return count;
}
