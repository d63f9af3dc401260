import type { ProcRoot } from '../kernel/proc-root.ts';

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
