import type { Listener } from '../kernel/listeners.ts';
import { type PidStat, parsePidStat, processName } from '../kernel/pid-stat.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';

/** Sockets and processes that belong together. */
export interface Application {
  readonly listeners: readonly Listener[];
  /** The topmost processes that hold these sockets, the first that was started first. Empty where we may not see any. */
  readonly pids: readonly number[];
  /** Whether only a service manager holds them, for a service that has not started yet. */
  readonly isManaged: boolean;
}

/** What keeps a copy of the sockets that it opens for services, and is not the service. */
const managers = new Set(['systemd', 'init', 'openrc-init', 'runit', 'procd', 'dinit', 's6-svscan']);
/** Ancestors of a process that are looked at. */
const maxDepth = 64;

interface Process extends PidStat {
  readonly isManager: boolean;
}

/**
 * Listening sockets by application. Sockets belong together where one process holds both or started the other's, where one was
 * handed on, and where they have one address: the kernel lets only processes of one user share it (SO_REUSEPORT).
 */
export function applicationsOf(files: ProcRoot, listeners: readonly Listener[]): readonly Application[] {
  const holders = holdersOf(files, listeners);
  const processes = new Map([...holders.values()].flat().map((process) => [process.pid, process]));
  for (const { pid, isManager } of processes.values()) if (isManager) processes.delete(pid);
  const parts = listeners.map((listener) => {
    const held = holders.get(listener.inode) ?? [];
    const tops = new Set(held.filter(({ isManager }) => !isManager).map(({ pid }) => topOf(files, pid, processes)));
    return { listeners: [listener], tops, isManaged: held.length > 0 && tops.size === 0 };
  });
  const whole: (typeof parts)[number][] = [];
  for (const part of parts) {
    const related = whole.filter((each) => isRelated(each, part));
    for (const each of related) whole.splice(whole.indexOf(each), 1);
    const all = [...related, part];
    whole.push({
      listeners: all.flatMap((each) => each.listeners),
      tops: new Set(all.flatMap(({ tops }) => [...tops])),
      isManaged: all.every(({ isManaged }) => isManaged),
    });
  }
  const started = (pid: number) => processes.get(pid)?.startTicks ?? 0;
  return whole.map(({ listeners: own, tops, isManaged }) => ({
    listeners: own,
    pids: [...tops].toSorted((a, b) => started(a) - started(b) || a - b),
    isManaged,
  }));
}

interface Part {
  readonly listeners: readonly Listener[];
  readonly tops: ReadonlySet<number>;
}

function isRelated(one: Part, other: Part): boolean {
  if ([...other.tops].some((pid) => one.tops.has(pid))) return true;
  const addresses = new Set(one.listeners.map(({ address }) => address));
  return other.listeners.some(({ address }) => addresses.has(address));
}

/** The topmost of a process and its ancestors that holds one of the sockets. */
function topOf(files: ProcRoot, pid: number, holders: ReadonlyMap<number, PidStat>): number {
  let top = pid;
  let current: PidStat | null = holders.get(pid) ?? null;
  for (let depth = 0; current !== null && current.parentPid > 0 && depth < maxDepth; depth += 1) {
    const { parentPid }: PidStat = current;
    if (holders.has(parentPid)) top = parentPid;
    current = holders.get(parentPid) ?? parsePidStat(files.textOrNull(`/proc/${parentPid}/stat`) ?? '');
  }
  return top;
}

/** By inode, the processes that hold a socket, as far as we may see. */
function holdersOf(files: ProcRoot, listeners: readonly Listener[]): ReadonlyMap<string, readonly Process[]> {
  const wanted = new Map(listeners.map(({ inode }) => [`socket:[${inode}]`, inode]));
  const holders = new Map<string, Process[]>();
  for (const pid of files.names('/proc') ?? []) {
    if (!/^\d+$/.test(pid)) continue;
    const links = (files.names(`/proc/${pid}/fd`) ?? []).map((fd) => files.link(`/proc/${pid}/fd/${fd}`) ?? '');
    const inodes = new Set(links.flatMap((link) => wanted.get(link) ?? []));
    if (inodes.size === 0) continue;
    const text = files.textOrNull(`/proc/${pid}/stat`) ?? '';
    const stat = parsePidStat(text);
    if (stat === null) continue;
    const process = { ...stat, isManager: managers.has(processName(text) ?? '') };
    for (const inode of inodes) holders.set(inode, [...(holders.get(inode) ?? []), process]);
  }
  return holders;
}
