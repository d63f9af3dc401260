/** Controllers that we read. Version 2 has them all in one folder. */
export type CgroupController = 'cpu' | 'cpuacct' | 'cpuset' | 'memory' | 'pids';
const controllers: readonly CgroupController[] = ['cpu', 'cpuacct', 'cpuset', 'memory', 'pids'];

export interface CgroupLocation {
  readonly version: 1 | 2;
  /** The group as /proc/PID/cgroup names it. */
  readonly path: string;
  /** Folders of the group and its ancestors as far as we can see them, the group's first. */
  readonly folders: Readonly<Partial<Record<CgroupController, readonly string[]>>>;
}

interface Mount {
  readonly version: 1 | 2;
  /** The group that the mount shows as its top. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: ReadonlySet<string>;
}

/**
 * Finds a process's group from its /proc/PID/cgroup and our /proc/self/mountinfo, or the group `wanted` (named as
 * /proc/PID/cgroup does, or by its folder). Inside a container the group is usually the mount's own root, whether by
 * a cgroup namespace (both say `/`) or by a bind mount of the group (both say the host's path).
 */
export function locateCgroup(cgroupText: string, mountinfoText: string, wanted: string | null): CgroupLocation | null {
  const mounts = parseMounts(mountinfoText);
  const paths = parseGroupPaths(cgroupText);
  const version1 = mounts.some(
    (mount) => mount.version === 1 && (mount.options.has('memory') || mount.options.has('cpu')),
  );
  const version = version1 ? 1 : 2;
  const path = wanted === null ? (paths.get(version1 ? leading(paths) : '') ?? '/') : stripMount(wanted, mounts);
  const folders: Partial<Record<CgroupController, readonly string[]>> = {};
  for (const controller of controllers) {
    const mount = mounts.find((each) => each.version === version && (version === 2 || each.options.has(controller)));
    const group = wanted === null ? paths.get(version1 ? controller : '') : path;
    if (mount === undefined || group === undefined || group.split('/').includes('..')) continue;
    if (group.length > maxPathLength) continue;
    folders[controller] = withAncestors(mount, group);
  }
  return Object.keys(folders).length === 0 ? null : { version, path, folders };
}

/** The controller whose path names a version 1 group: they may differ; memory's is the one that runtimes always set. */
function leading(paths: ReadonlyMap<string, string>): string {
  return ['memory', 'cpu', 'pids'].find((name) => paths.get(name) !== undefined && paths.get(name) !== '/') ?? 'memory';
}

/** PATH_MAX of <linux/limits.h>: a longer text is not a path, and has too many ancestors to look at. */
const maxPathLength = 4096;

/** `9:name=systemd:/`, `4:cpu,cpuacct:/app`, `0::/app` (version 2, key empty). */
function parseGroupPaths(text: string): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    for (const name of match?.[1]?.split(',') ?? []) paths.set(name, match?.[2] ?? '/');
  }
  return paths;
}

/** proc(5): id parent major:minor root mountPoint options optional... - type source superOptions. */
function parseMounts(text: string): readonly Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const match = /^\d+ \d+ \S+ (\S+) (\S+) .* - (cgroup2?) \S+ (\S+)$/.exec(line);
    const [, root, mountPoint, type, options] = match ?? [];
    if (root === undefined || mountPoint === undefined || options === undefined) continue;
    mounts.push({ version: type === 'cgroup2' ? 2 : 1, root, mountPoint, options: new Set(options.split(',')) });
  }
  return mounts;
}

function stripMount(wanted: string, mounts: readonly Mount[]): string {
  const mount = mounts.find(({ mountPoint }) => isInside(wanted, mountPoint));
  const path = mount === undefined ? wanted : join(mount.root, wanted.slice(mount.mountPoint.length));
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function withAncestors(mount: Mount, group: string): readonly string[] {
  // A group outside of what the mount shows: the top of the mount is then the nearest that we can see.
  const relative = isInside(group, mount.root) ? group.slice(mount.root === '/' ? 0 : mount.root.length) : '';
  const names = relative.split('/').filter((name) => name !== '');
  return Array.from({ length: names.length + 1 }, (_, up) =>
    [mount.mountPoint, ...names.slice(0, names.length - up)].join('/'),
  );
}

function isInside(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

function join(root: string, rest: string): string {
  const path = `${root === '/' ? '' : root}${rest}`;
  return path === '' ? '/' : path;
}
