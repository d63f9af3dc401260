import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { locateCgroup } from '../../../agent/kernel/cgroup-location.ts';

/** Controllers of a server's group: CPU quota and accounting, and memory, by which the agent finds the group. */
const controllers = ['cpu', 'cpuacct', 'memory'] as const;

let found: readonly string[] | null = null;

/** Folders of the group that this process was started in, one for each hierarchy, ready for groups below them. */
export function parentFolders(): readonly string[] {
  found ??= findParents();
  return found;
}

function findParents(): readonly string[] {
  const read = (file: string) => readFileSync(`/proc/self/${file}`, 'utf8');
  const location = locateCgroup(read('cgroup'), read('mountinfo'), null);
  const folders = controllers.map((each) => location?.folders[each]?.[0]).filter((each) => each !== undefined);
  if (location === null || folders.length === 0) throw new Error('no control groups are mounted');
  const distinct = [...new Set(folders)];
  if (location.version === 2) for (const folder of distinct) delegate(folder);
  return distinct;
}

/**
 * Version 2 allows no processes in a group whose children have limits (cgroups(7), "no internal processes"): the processes
 * in it move to a child group.
 */
function delegate(folder: string): void {
  const control = `${folder}/cgroup.subtree_control`;
  if (['cpu', 'memory'].every((each) => readFileSync(control, 'utf8').split(/\s/).includes(each))) return;
  const own = `${folder}/haweight-experiment`;
  mkdirSync(own, { recursive: true });
  for (const pid of readFileSync(`${folder}/cgroup.procs`, 'utf8').split('\n').filter(Boolean)) {
    writeFileSync(`${own}/cgroup.procs`, pid);
  }
  writeFileSync(control, '+cpu +memory');
}
