import { parseCount } from './numbers.ts';

/** What /proc/PID/stat says of one process. */
export interface PidStat {
  readonly pid: number;
  readonly state: string;
  readonly parentPid: number;
  /** CPU time of its own, in clock ticks. */
  readonly ownTicks: number;
  /** CPU time of children that ended and were waited for, and of theirs, in clock ticks. */
  readonly reapedTicks: number;
  readonly threads: number;
  /** Clock ticks after boot. With the pid it tells a process from a later one of the same number. */
  readonly startTicks: number;
  readonly residentPages: number;
}

/** Fields are counted from `state`, the third of proc(5): the command before it may hold spaces and parentheses. */
const fieldAfterName = {
  state: 0,
  parentPid: 1,
  utime: 11,
  stime: 12,
  cutime: 13,
  cstime: 14,
  threads: 17,
  startTime: 19,
  rss: 21,
} as const;

export function parsePidStat(text: string): PidStat | null {
  const nameEnd = text.lastIndexOf(')');
  const pid = parseCount(/^(\d+) \(/.exec(text)?.[1]);
  if (nameEnd < 0 || pid === null) return null;
  const fields = text.slice(nameEnd + 2).split(' ');
  const state = fields[fieldAfterName.state];
  const count = (name: keyof typeof fieldAfterName) => parseCount(fields[fieldAfterName[name]]);
  const parentPid = count('parentPid');
  const [utime, stime, cutime, cstime] = [count('utime'), count('stime'), count('cutime'), count('cstime')];
  const [threads, startTicks, residentPages] = [count('threads'), count('startTime'), count('rss')];
  if (state === undefined || parentPid === null || utime === null || stime === null) return null;
  if (cutime === null || cstime === null || threads === null || startTicks === null || residentPages === null) {
    return null;
  }
  const [ownTicks, reapedTicks] = [utime + stime, cutime + cstime];
  return { pid, state, parentPid, ownTicks, reapedTicks, threads, startTicks, residentPages };
}

/** The command's name as the kernel has it, at most 15 characters; null where the text is not of /proc/PID/stat. */
export function processName(text: string): string | null {
  return /^\d+ \((.*)\)/s.exec(text)?.[1] ?? null;
}

/** Zombies and dead processes hold nothing any more but their exit code. */
export function isEnded({ state }: Pick<PidStat, 'state'>): boolean {
  return state === 'Z' || state === 'X';
}

/**
 * CPU ticks that a process tree used between two readings; never negative.
 * What a process used between the last reading and its end comes back through the parent that waits for it: the parent's
 * `reapedTicks` grow by the child's whole time, and the part that was already counted is subtracted. For a child that
 * is not waited for, only that last part is lost.
 */
export function treeTicksUsed(before: ReadonlyMap<number, PidStat>, now: ReadonlyMap<number, PidStat>): number {
  let own = 0;
  let reaped = 0;
  for (const stat of now.values()) {
    const earlier = before.get(stat.pid);
    const same = earlier?.startTicks === stat.startTicks ? earlier : undefined;
    own += Math.max(0, stat.ownTicks - (same?.ownTicks ?? 0));
    reaped += stat.reapedTicks - (same?.reapedTicks ?? 0);
  }
  for (const stat of before.values()) {
    if (now.get(stat.pid)?.startTicks !== stat.startTicks) reaped -= stat.ownTicks + stat.reapedTicks;
  }
  return own + Math.max(0, reaped);
}
