/** Controllers that we read. Version 2 has them all in one folder. */
export type CgroupController = 'cpu' | 'cpuacct' | 'cpuset' | 'memory' | 'pids';
const controllers: readonly CgroupController[] = ['cpu', 'cpuacct', 'cpuset', 'memory', 'pids'];

export interface CgroupLocation {
  readonly version: 1 | 2;
  /** The group as /proc/PID/cgroup names it. */
  readonly path: string;
  /** Folders of the group and its ancestors as far as we can see them, the group's first. */
  readonly folders: Readonly<Partial<Record<CgroupController, readonly string[]>>>;
  /** Version 1 beside version 2 (hybrid): the same in the version 2 part. */
  readonly unified?: readonly string[];
  /** The group that the mount shows as its top; absent where none does. */
  readonly top?: string;
  /** Why the group has no folder that we can see. */
  readonly unseen?: string;
}

/**
 * Finds the folder of our cgroup namespace's root in a mount that shows groups above it: `levels` below the mount point.
 * `controller`: the key of our line in /proc/self/cgroup, empty in version 2. null where it cannot be told.
 */
export type FindOwnFolder = (mountPoint: string, levels: number, controller: string) => string | null;

interface Mount {
  readonly version: 1 | 2;
  /** The group that the mount shows as its top. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: ReadonlySet<string>;
}

/**
 * Finds a process's group from its /proc/PID/cgroup and a mountinfo, or the group `wanted` (named as /proc/PID/cgroup does,
 * or by its folder). Inside a container the group is usually the mount's own root, whether by a cgroup namespace (both say
 * `/`) or by a bind mount of the group (both say the host's path). null: no mount shows it. What a mount shows instead, at
 * its top or anywhere, belongs to others.
 */
export function locateCgroup(
  cgroupText: string,
  mountinfoText: string,
  wanted: string | null,
  findOwnFolder: FindOwnFolder = () => null,
): CgroupLocation | null {
  const mounts = parseMounts(mountinfoText);
  const paths = parseGroupPaths(cgroupText);
  const version = versionOf(mounts);
  const path = wanted === null ? leadingPath(paths, version) : stripMount(wanted, mounts);
  const find = (key: string, among: readonly Mount[]) => {
    const group = wanted === null ? paths.get(key) : path;
    if (group === undefined || group.length > maxPathLength) return null;
    for (const mount of among) {
      const found = foldersOf(mount, group, (levels) => findOwnFolder(mount.mountPoint, levels, key));
      if (found !== null) return { mount, found };
    }
    return null;
  };
  const folders: Partial<Record<CgroupController, readonly string[]>> = {};
  const second = mounts.filter((mount) => mount.version === 2);
  const unified = find('', second);
  let top = unified?.mount.root;
  for (const controller of controllers) {
    const first = mounts.filter((mount) => mount.version === 1 && mount.options.has(controller));
    const located = version === 2 ? unified : find(controller, first);
    if (located === null) continue;
    folders[controller] = located.found;
    top = located.mount.root;
  }
  if (top === undefined || Object.keys(folders).length === 0) return null;
  return { version, path, folders, top, ...(version === 1 && unified !== null ? { unified: unified.found } : {}) };
}

/** Stands for a process's group that no mount shows: it is known by name only. null: no groups are mounted at all. */
export function unseenCgroup(cgroupText: string, mountinfoText: string): CgroupLocation | null {
  const mounts = parseMounts(mountinfoText);
  const [mount] = mounts;
  if (mount === undefined) return null;
  const version = versionOf(mounts);
  const unseen = `the folder of the agent's control group cannot be found: ${mount.mountPoint} shows other groups`;
  return { version, path: leadingPath(parseGroupPaths(cgroupText), version), folders: {}, unseen };
}

/** Version 1 controllers beside an almost empty version 2 (hybrid) are version 1. */
function versionOf(mounts: readonly Mount[]): 1 | 2 {
  return mounts.some(({ version, options }) => version === 1 && (options.has('memory') || options.has('cpu'))) ? 1 : 2;
}

function leadingPath(paths: ReadonlyMap<string, string>, version: 1 | 2): string {
  return paths.get(version === 1 ? leading(paths) : '') ?? '/';
}

/** The controller whose path names a version 1 group: they may differ; memory's is the one that runtimes always set. */
function leading(paths: ReadonlyMap<string, string>): string {
  return ['memory', 'cpu', 'pids'].find((name) => paths.get(name) !== undefined && paths.get(name) !== '/') ?? 'memory';
}

/** PATH_MAX of <linux/limits.h>: a longer text is not a path, and has too many ancestors to look at. */
const maxPathLength = 4096;

/** `9:name=systemd:/`, `4:cpu,cpuacct:/app`, `0::/app` (version 2, key empty). */
export function parseGroupPaths(text: string): ReadonlyMap<string, string> {
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
    if (mountPoint.split('/').includes('..')) continue;
    mounts.push({ version: type === 'cgroup2' ? 2 : 1, root, mountPoint, options: new Set(options.split(',')) });
  }
  // a mount that shows groups above ours takes a search
  return mounts.toSorted((a, b) => Number(isAbove(a.root)) - Number(isAbove(b.root)));
}

function isAbove(root: string): boolean {
  return root.startsWith('/..');
}

function stripMount(wanted: string, mounts: readonly Mount[]): string {
  const mount = mounts.find(({ mountPoint }) => isInside(wanted, mountPoint));
  const path = mount === undefined ? wanted : join(mount.root, wanted.slice(mount.mountPoint.length));
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/**
 * Folders of a group and its ancestors in one mount; null where the mount does not show it. The root of a mount that shows
 * more than our cgroup namespace begins with a `/..` for each level (cgroup_namespaces(7)): there only the folder of the
 * namespace's root tells where a path that is relative to it leads.
 */
function foldersOf(
  { root, mountPoint }: Mount,
  group: string,
  findOwn: (levels: number) => string | null,
): readonly string[] | null {
  const names = namesIn(isInside(group, root) ? group.slice(root === '/' ? 0 : root.length) : null);
  if (names !== null) return withAncestors(mountPoint, names);
  const above = namesIn(/^(?:\/\.\.)+$/.test(root) ? root.replaceAll('..', 'x') : null);
  const own = above === null ? null : findOwn(above.length);
  if (own === null || !isInside(own, mountPoint)) return null;
  const path: string[] = own.slice(mountPoint.length).split('/').filter(isName);
  for (const name of group.split('/').filter(isName)) {
    if (name !== '..') path.push(name);
    else if (path.pop() === undefined) return null;
  }
  return withAncestors(mountPoint, path);
}

/** null where the path leads out of where it begins. */
function namesIn(path: string | null): readonly string[] | null {
  const names = path?.split('/').filter(isName) ?? null;
  return names?.includes('..') ? null : names;
}

function isName(name: string): boolean {
  return name !== '';
}

function withAncestors(mountPoint: string, names: readonly string[]): readonly string[] {
  return Array.from({ length: names.length + 1 }, (_, up) =>
    [mountPoint, ...names.slice(0, names.length - up)].join('/'),
  );
}

function isInside(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

function join(root: string, rest: string): string {
  const path = `${root === '/' ? '' : root}${rest}`;
  return path === '' ? '/' : path;
}
