import { Cgroup } from '../kernel/cgroup.ts';
import { type CgroupLocation, locateCgroup, parseGroupPaths, unseenCgroup } from '../kernel/cgroup-location.ts';
import { ownCgroupFolder } from '../kernel/own-cgroup-folder.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';

/**
 * The group of a process; null where it cannot be seen from here. A process of another container of the pod (a side-car with
 * a shared pid namespace) has a group outside of what our mounts show, but its own mounts show it, if we may look into them.
 */
export function groupOf(files: ProcRoot, pid: number | 'self'): Cgroup | null {
  const own = locate(files, pid, null);
  if (own !== null || pid === 'self') return own === null ? null : new Cgroup(files, own);
  const theirs = locateCgroup(
    files.textOrNull(`/proc/${pid}/cgroup`) ?? '',
    files.textOrNull(`/proc/${pid}/mountinfo`) ?? '',
    null,
  );
  const cgroup = theirs === null ? null : new Cgroup(files, inside(theirs, `/proc/${pid}/root`));
  return cgroup?.exists() ? cgroup : null;
}

/** A group by its name or folder; null where no mount shows it. */
export function namedGroup(files: ProcRoot, path: string): Cgroup | null {
  const location = locate(files, 'self', path);
  return location === null ? null : new Cgroup(files, location);
}

/** The agent's own group. One that no mount shows can still be named. null: no groups are mounted. */
export function ownGroup(files: ProcRoot): Cgroup | null {
  const own = groupOf(files, 'self');
  if (own !== null) return own;
  const texts = ['/proc/self/cgroup', '/proc/self/mountinfo'].map((path) => files.textOrNull(path) ?? '');
  const unseen = unseenCgroup(texts[0] ?? '', texts[1] ?? '');
  return unseen === null ? null : new Cgroup(files, unseen);
}

/**
 * The group of the container that we are in, outside of containers our own. They differ where the container has units or other
 * groups below its own, as with systemd in it. null: no groups are mounted.
 */
export function containerGroup(files: ProcRoot): Cgroup | null {
  const own = ownGroup(files);
  if (own === null || own.location.unseen !== undefined) return own;
  const top = topOfContainer(files, own.location);
  return (top === null || top === own.location.path ? null : namedGroup(files, top)) ?? own;
}

/** null: the top of the mount is that of the machine, as far as we can tell. */
function topOfContainer(files: ProcRoot, { version, folders, top = '/' }: CgroupLocation): string | null {
  if (top.startsWith('/..')) return '/';
  if (top !== '/') return top;
  const folder = Object.values(folders)[0]?.at(-1) ?? '';
  return isMachineRoot(files, folder, version) ? null : '/';
}

/** Whether a folder can be the machine's root group: cgroup.type is in all others, release_agent only in it (version 1). */
export function isMachineRoot(files: ProcRoot, folder: string, version: 1 | 2): boolean {
  if (version === 2) return !files.exists(`${folder}/cgroup.type`) && !files.exists(`${folder}/memory.max`);
  return !files.exists(`${folder}/tasks`) || files.exists(`${folder}/release_agent`);
}

function locate(files: ProcRoot, pid: number | 'self', path: string | null): CgroupLocation | null {
  const ownPaths = () => parseGroupPaths(files.textOrNull('/proc/self/cgroup') ?? '');
  return locateCgroup(
    files.textOrNull(`/proc/${pid}/cgroup`) ?? '',
    files.textOrNull('/proc/self/mountinfo') ?? '',
    path,
    (mountPoint, levels, key) => ownCgroupFolder(files, mountPoint, levels, ownPaths().get(key) ?? '/'),
  );
}

/** The same folders, as they are reached through a process's root. */
function inside(location: CgroupLocation, root: string): CgroupLocation {
  const moved = (folders: readonly string[]) => folders.map((folder) => root + folder);
  const entries = Object.entries(location.folders).map(([name, folders]) => [name, moved(folders)]);
  const { unified } = location;
  return {
    ...location,
    folders: Object.fromEntries(entries),
    ...(unified === undefined ? {} : { unified: moved(unified) }),
  };
}
