import { readFileSync } from 'node:fs';
import { Cgroup } from '../../../agent/kernel/cgroup.ts';
import { locateCgroup } from '../../../agent/kernel/cgroup-location.ts';
import { ProcRoot } from '../../../agent/kernel/proc-root.ts';

/**
 * Reads the CPU time of a control group, in ms: from outside, so that reading costs the group nothing. `of`: one of
 * its processes, or its folder.
 */
export function usedCpuReader(of: { readonly pid: number } | { readonly folder: string }): () => number {
  const read = (file: string) => readFileSync(`/proc/${file}`, 'utf8');
  const [pid, folder] = 'pid' in of ? [of.pid, null] : ['self', of.folder];
  const location = locateCgroup(read(`${pid}/cgroup`), read('self/mountinfo'), folder);
  if (location === null) throw new Error(`no control group of ${pid} can be seen from here`);
  const group = new Cgroup(new ProcRoot(), location);
  return () => {
    const used = group.usedCoreSeconds();
    if (!used.ok) throw new Error(`CPU time of ${location.path}: ${used.error.detail}`);
    return used.value * 1_000;
  };
}
