import { locateCgroup, parseGroupPaths } from '../kernel/cgroup-location.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';
import { isMachineRoot } from './groups.ts';

/** Files that engines and systemd leave in containers: Docker, Podman, systemd's own view, systemd-nspawn and LXC. */
const marks = ['/.dockerenv', '/run/.containerenv', '/run/host/container-manager', '/dev/.lxc-boot-id'];

/**
 * Whether we run in a container, where /proc/stat and /proc/meminfo are the host's and would give every container on
 * a machine the same load. Engines leave marks; where one leaves none, the control groups show it.
 */
export function inContainer(files: ProcRoot, environment: Readonly<Record<string, string | undefined>>): boolean {
  if (environment['KUBERNETES_SERVICE_HOST'] !== undefined || environment['container'] !== undefined) return true;
  if (marks.some((path) => files.exists(path))) return true;
  // systemd takes WSL for a container; it is a virtual machine with a kernel of its own
  const manager = files.textOrNull('/run/systemd/container');
  if (manager !== null && manager.trim() !== 'wsl') return true;
  const [first, own] = [files.textOrNull('/proc/1/cgroup') ?? '', files.textOrNull('/proc/self/cgroup') ?? ''];
  return namesContainer(first) || isCustomParent(first, own) || showsContainer(files, own);
}

/** Whether a group's path in /proc/PID/cgroup is one that an engine gives. */
export function namesContainer(cgroupText: string): boolean {
  return /[/:-](?:docker|kubepods|libpod|containerd|crio?|lxc|incus|lxd|ecs|garden|nomad|actions_job|buildkit|machine\.slice)(?!\.service)[-./]/m.test(
    `${cgroupText}/`.replaceAll('\n', '/\n'),
  );
}

/** Groups of a machine's first process: of systemd, and of those that make no groups. */
const initGroups = new Set(['/', '/init.scope', '/system.slice', '/systemd/system.slice', '/init', '/openrc']);

/** A first process in another group, which ours is in as well, was put there by what started the container. */
function isCustomParent(first: string, own: string): boolean {
  const ownPaths = parseGroupPaths(own);
  return ['', 'memory', 'cpu', 'pids'].some((key) => {
    const path = parseGroupPaths(first).get(key);
    if (path === undefined || initGroups.has(path) || path.split('/').includes('..')) return false;
    return `${ownPaths.get(key) ?? ''}/`.startsWith(`${path}/`);
  });
}

/** Whether the mounts are a container's: the top of the groups is not the machine's, or lxcfs covers files of /proc. */
function showsContainer(files: ProcRoot, own: string): boolean {
  const mounts = files.textOrNull('/proc/self/mountinfo') ?? '';
  if (isGuestOfLxcfs(files) || / \/\.\.\S* \S+ .* - cgroup2? /.test(mounts)) return true;
  const location = locateCgroup(own, mounts, null);
  if (location === null) return false;
  const { version, folders, top } = location;
  return (top ?? '/') !== '/' || !isMachineRoot(files, Object.values(folders)[0]?.at(-1) ?? '', version);
}

/** Whether lxcfs lays its own files over those of /proc, which then show the guest and not the machine. */
export function isGuestOfLxcfs(files: ProcRoot): boolean {
  return / \/proc\/\S+ .* - fuse\.lxcfs /.test(files.textOrNull('/proc/self/mountinfo') ?? '');
}
