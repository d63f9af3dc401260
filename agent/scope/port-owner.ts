import { parsePidStat, processName } from '../kernel/pid-stat.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';
import { type Unavailable, unavailable } from '../kernel/unavailable.ts';

/** TCP_LISTEN as /proc/net/tcp writes it. */
const listening = '0A';

/** Inodes of the sockets that listen on a port, from the text of /proc/net/tcp or tcp6. */
export function parseListeners(text: string, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes: string[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state === listening && local?.endsWith(`:${wanted}`) && inode !== undefined) inodes.push(inode);
  }
  return inodes;
}

/**
 * The processes that listen on a port, at least one, the first first; of a parent and its workers the parent only. There are
 * several where programs share the port (SO_REUSEPORT) or listen on different addresses.
 */
export function findPortOwners(files: ProcRoot, port: number): readonly number[] | Unavailable {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => files.textOrNull(path) ?? '');
  const sockets = new Set(tables.flatMap((text) => parseListeners(text, port)).map((inode) => `socket:[${inode}]`));
  if (sockets.size === 0) {
    const hint = 'if the kernel forwards it to a container, measure the container';
    return unavailable('target-gone', `no process listens on port ${port} here; ${hint}`);
  }
  const parents = new Map<number, number>();
  const managers = new Set<number>();
  for (const name of files.names('/proc') ?? []) {
    if (!/^\d+$/.test(name) || !holdsOne(files, name, sockets)) continue;
    const text = files.textOrNull(`/proc/${name}/stat`) ?? '';
    const stat = parsePidStat(text);
    if (stat === null) continue;
    parents.set(stat.pid, stat.parentPid);
    if (processName(text) === 'systemd') managers.add(stat.pid);
  }
  if (parents.size > 0 && parents.size === managers.size) {
    return unavailable('target-gone', `systemd holds port ${port} for a service that has not started yet`);
  }
  // systemd (each user's too) keeps a copy of the sockets that it opens for services; it is not the service.
  for (const manager of managers) parents.delete(manager);
  if (parents.size > 1) parents.delete(1);
  const top = [...parents].filter(([, parent]) => !parents.has(parent)).map(([pid]) => pid);
  if (top.length > 0) return top.toSorted((a, b) => a - b);
  return unavailable(
    'no-permission',
    `the process that listens on port ${port} is another user's: run the agent as root`,
  );
}

function holdsOne(files: ProcRoot, pid: string, sockets: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`;
  return (files.names(folder) ?? []).some((fd) => sockets.has(files.link(`${folder}/${fd}`) ?? ''));
}

/** Inodes of all sockets that these processes hold. */
export function heldSockets(files: ProcRoot, pids: Iterable<number>): ReadonlySet<number> {
  const held = new Set<number>();
  for (const pid of pids) {
    for (const fd of files.names(`/proc/${pid}/fd`) ?? []) {
      const inode = /^socket:\[(\d+)\]$/.exec(files.link(`/proc/${pid}/fd/${fd}`) ?? '')?.[1];
      if (inode !== undefined) held.add(Number(inode));
    }
  }
  return held;
}
