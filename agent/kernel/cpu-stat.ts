import { sum } from '../../shared/math/statistics.ts';
import { parseCount } from './numbers.ts';

/** CPU time of the whole machine since boot, in core-seconds. */
export interface HostCpu {
  /** Time that was neither idle nor iowait, steal among it. */
  readonly busyCoreSeconds: number;
  readonly idleCoreSeconds: number;
  /** The core was free while a task waited for a disk. It may run backwards, as proc(5) says. */
  readonly iowaitCoreSeconds: number;
  /** Time that the hypervisor gave to others while we had work. */
  readonly stealCoreSeconds: number;
  /** Cores that are online. */
  readonly cores: number;
}

/** One line: the sum of all cores, or one core. */
type CpuLine = Omit<HostCpu, 'cores'>;

/**
 * Reads the `cpu` lines of /proc/stat: user nice system idle iowait irq softirq steal guest guest_nice.
 * guest is already inside user, and guest_nice inside nice (proc(5)). Only `cpuN` lines are cores. lxcfs may print a sum of
 * zeros before the real one, so the largest counts. null: there is no sum, or no core.
 */
export function parseCpuStat(text: string, ticksPerSecond: number): HostCpu | null {
  let cores = 0;
  let total: CpuLine | null = null;
  for (const line of cpuLines(text)) {
    if (/^cpu\d/.test(line)) cores += 1;
    else if (line.startsWith('cpu ')) total = larger(total, parseLine(line, ticksPerSecond));
  }
  return total === null || cores === 0 ? null : { ...total, cores };
}

/** The sum over some CPUs only; null where /proc/stat does not have each of them. */
export function parseCpus(text: string, cpus: CpuList, ticksPerSecond: number): HostCpu | null {
  const lines: CpuLine[] = [];
  for (const line of cpuLines(text)) {
    const cpu = Number(/^cpu(\d{1,6}) /.exec(line)?.[1] ?? -1);
    if (!cpus.some(([first, last]) => cpu >= first && cpu <= last)) continue;
    const parsed = parseLine(line, ticksPerSecond);
    if (parsed !== null) lines.push(parsed);
  }
  if (lines.length !== countCpus(cpus)) return null;
  const total = (column: keyof CpuLine) => sum(lines.map((line) => line[column]));
  return {
    busyCoreSeconds: total('busyCoreSeconds'),
    idleCoreSeconds: total('idleCoreSeconds'),
    iowaitCoreSeconds: total('iowaitCoreSeconds'),
    stealCoreSeconds: total('stealCoreSeconds'),
    cores: lines.length,
  };
}

function parseLine(line: string, ticksPerSecond: number): CpuLine | null {
  const ticks = line.trim().split(/ +/).slice(1).map(parseCount);
  const [user, nice, system, idle, iowait = 0, irq = 0, softirq = 0, steal = 0] = ticks;
  const columns = [user, nice, system, irq, softirq, steal, idle, iowait]
    .map(believable)
    .filter((each) => each !== null);
  const [free, wait] = columns.splice(6);
  if (free === undefined || wait === undefined) return null;
  return {
    busyCoreSeconds: sum(columns) / ticksPerSecond,
    idleCoreSeconds: free / ticksPerSecond,
    iowaitCoreSeconds: wait / ticksPerSecond,
    stealCoreSeconds: (columns[5] ?? 0) / ticksPerSecond,
  };
}

/** Some kernels and lxcfs leave numbers near 2^64 in a column: more time than there was. Such a column stands still. */
function believable(ticks: number | null | undefined): number | null {
  return ticks === undefined || ticks === null ? null : ticks > Number.MAX_SAFE_INTEGER ? 0 : ticks;
}

function larger(one: CpuLine | null, other: CpuLine | null): CpuLine | null {
  if (one === null || other === null) return one ?? other;
  return other.busyCoreSeconds + other.idleCoreSeconds > one.busyCoreSeconds + one.idleCoreSeconds ? other : one;
}

/** The lines about CPUs come first; those after them (a number for every interrupt line) can be long. */
function cpuLines(text: string): readonly string[] {
  const lines: string[] = [];
  for (let start = 0; text.startsWith('cpu', start); ) {
    const end = text.indexOf('\n', start);
    lines.push(text.slice(start, end < 0 ? text.length : end));
    start = end < 0 ? text.length : end + 1;
  }
  return lines;
}

/** CPUs by number, as ranges. */
export type CpuList = readonly (readonly [first: number, last: number])[];

/** Reads a list such as `0-3,8`; null where it is empty or malformed. */
export function parseCpuList(text: string | null): CpuList | null {
  const list: (readonly [number, number])[] = [];
  for (const range of (text ?? '').trim().split(',')) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(range);
    if (match === null) return null;
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (last < first) return null;
    list.push([first, last]);
  }
  return list;
}

export function countCpus(list: CpuList): number {
  return sum(list.map(([first, last]) => last - first + 1));
}

/** How many CPUs a list names; null where it is empty or malformed. */
export function countCpuList(text: string | null): number | null {
  const list = parseCpuList(text);
  return list === null ? null : countCpus(list);
}

/** The CPUs that both lists name. */
export function commonCpus(one: CpuList, other: CpuList): CpuList {
  return one.flatMap(([first, last]) =>
    other.map(([from, to]) => [Math.max(first, from), Math.min(last, to)] as const).filter(([from, to]) => from <= to),
  );
}
