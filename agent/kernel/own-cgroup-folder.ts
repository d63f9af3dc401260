import type { ProcRoot } from './proc-root.ts';

/** Most folders that are looked at: a machine with 500 containers has some thousands of groups. */
const maxFolders = 20_000;
const known = new WeakMap<ProcRoot, Map<string, string | null>>();

/**
 * The folder of our cgroup namespace's root in a mount that shows groups above it (Podman, systemd in Docker, `unshare -C`).
 * The mount's root in mountinfo tells how many levels below the mount point that is. It is the one folder there which
 * has our process in it or below; or the only folder at all. null: it cannot be told. Searched once per mount.
 *
 * @param ownPath our group relative to the namespace's root, as /proc/self/cgroup names it
 */
export function ownCgroupFolder(files: ProcRoot, mountPoint: string, levels: number, ownPath: string): string | null {
  const found = known.get(files) ?? new Map<string, string | null>();
  known.set(files, found);
  const before = found.get(mountPoint);
  if (before !== undefined) return before;
  const folder = search(files, mountPoint, levels, ownPath);
  found.set(mountPoint, folder);
  return folder;
}

function search(files: ProcRoot, mountPoint: string, levels: number, ownPath: string): string | null {
  let folders: readonly string[] = [mountPoint];
  let seen = 0;
  for (let level = 0; level < levels; level += 1) {
    folders = folders.flatMap((folder) => files.folders(folder).map((name) => `${folder}/${name}`));
    seen += folders.length;
    if (seen > maxFolders) return null;
  }
  const pid = ownPid(files);
  const below = ownPath === '/' ? '' : ownPath;
  const ours = folders.filter((folder) => hasProcess(files, folder + below, pid));
  const candidates = ours.length > 0 ? ours : folders;
  return candidates.length === 1 ? (candidates[0] ?? null) : null;
}

function hasProcess(files: ProcRoot, folder: string, pid: string): boolean {
  return files.textOrNull(`${folder}/cgroup.procs`)?.split('\n').includes(pid) ?? false;
}

/** As this /proc counts it, which may be that of another pid namespace. */
export function ownPid(files: ProcRoot): string {
  const stat = files.textOrNull('/proc/self/stat') ?? '';
  return files.link('/proc/self') ?? /^(\d+) /.exec(stat)?.[1] ?? String(process.pid);
}
