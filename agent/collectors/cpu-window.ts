import type { HostCpu } from '../kernel/cpu-stat.ts';
import type { Timed } from './collector.ts';

/** What the counters of all cores may grow by, as a multiple of what the cores could do: ticks are coarse. */
export const mostGrowth = 2;
/** The same from below. A hypervisor that does not tell of stolen time makes them grow by less than what passed. */
const leastGrowth = 0.5;
/** A machine that was never idle has all of its time in the busy columns; where it is not, the idle column is frozen. */
const leastGrowthWithoutIdle = 0.8;

/** Core-seconds that sums of large counters are wrong by. */
const rounding = 0.05;

/** What a machine did in a window, in core-seconds. */
export interface HostWindow {
  /** Not free, steal among it. */
  readonly busy: number;
  /** idle and iowait: the cores were free. */
  readonly free: number;
  readonly steal: number;
}

/**
 * The growth of /proc/stat; null where it is not what can have happened in that time: a core came online with hours of idle
 * time, lxcfs froze the idle column, gVisor writes zeros. iowait and steal may run backwards or jump on their own: then they
 * count as 0, as nothing else depends on them. So does an idle column that runs backwards, if the busy ones fill the window.
 */
export function hostWindow(first: Timed<HostCpu | null>, last: Timed<HostCpu | null>): HostWindow | null {
  const [before, now] = [first.reading, last.reading];
  if (before === null || now === null) return null;
  const seconds = (last.atMs - first.atMs) / 1_000;
  const most = mostGrowth * Math.max(before.cores, now.cores) * seconds;
  const stolen = now.stealCoreSeconds - before.stealCoreSeconds;
  const worked = now.busyCoreSeconds - before.busyCoreSeconds - stolen;
  // without the periodic tick the kernel estimates it, and takes a little back on a core that is busy
  const idle = Math.max(0, now.idleCoreSeconds - before.idleCoreSeconds);
  if (seconds <= 0 || worked < -rounding) return null;
  const within = (growth: number) => (growth < 0 || growth > most ? 0 : growth);
  const iowait = within(now.iowaitCoreSeconds - before.iowaitCoreSeconds);
  const steal = within(stolen);
  const busy = steal === stolen ? now.busyCoreSeconds - before.busyCoreSeconds : Math.max(0, worked);
  const candidates = [
    { busy, free: idle + iowait, steal },
    { busy: Math.max(0, worked), free: idle + iowait, steal: 0 },
    { busy: Math.max(0, worked), free: idle, steal: 0 },
  ];
  const fits = candidates.find((each) => each.busy + each.free <= most);
  const least = (idle === 0 ? leastGrowthWithoutIdle : leastGrowth) * Math.min(before.cores, now.cores) * seconds;
  return fits === undefined || fits.busy + fits.free < least ? null : fits;
}
