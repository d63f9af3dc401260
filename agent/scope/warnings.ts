import { type CgroupLocation, unseenCgroup } from '../kernel/cgroup-location.ts';
import { ownPid } from '../kernel/own-cgroup-folder.ts';
import { processName } from '../kernel/pid-stat.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';
import { inContainer, isGuestOfLxcfs } from './container.ts';
import { groupOf, ownGroup } from './groups.ts';
import type { Surroundings } from './target.ts';

/** Programs that take connections for others and do nothing else. Names as the kernel has them: at most 15 characters. */
const forwarders = new Set([
  ...['docker-proxy', 'rootlessport', 'rootlesskit', 'slirp4netns', 'pasta', 'pasta.avx2', 'passt', 'kube-proxy'],
  // these hold the port of a container so that nobody else takes it, while the kernel forwards past them
  ...['conmon', 'crio', 'kubelet', 'containerd', 'gvproxy', 'xinetd', 'rinetd', 'ncat'],
  ...['systemd-socket-', 'socat', 'ssh', 'sshd', 'stunnel', 'stunnel4', 'incusd', 'lxd', 'linkerd2-proxy', 'envoy'],
]);
/** Programs that may forward or be the application itself. */
const proxies = new Set(['nginx', 'haproxy', 'traefik', 'caddy', 'varnishd', 'hitch', 'pound']);
/** What starts an agent, or holds a container open, and is not an application. */
const helpers = new Set([
  ...['sh', 'bash', 'dash', 'ash', 'zsh', 'busybox', 'tini', 'dumb-init', 'catatonit', 'docker-init', 'su', 'sudo'],
  ...['pause', 'sleep', 'tail', 'env'],
]);
/** Most groups below the measured one that are looked at. */
const maxFolders = 100;
/** The schema's limit of a line, in characters. */
const maxLength = 300;

/** What is measured may not be what is meant: one line each, with what to do. None where all is well, as far as we can see. */
export function scopeWarnings(
  surroundings: Surroundings,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const { target } = surroundings;
  const found =
    target.kind === 'host'
      ? hostWarning(surroundings.files, environment)
      : target.kind === 'cgroup'
        ? groupWarning(surroundings.files, target.cgroup.location)
        : [
            processWarning(surroundings, target.tree.rootPid, target.port, target.othersOnPort?.() ?? []),
            hiddenLimits(surroundings, target.tree.rootPid),
          ];
  return [found].flat().flatMap((warning) => (warning === null ? [] : [warning.slice(0, maxLength)]));
}

function hostWarning(files: ProcRoot, environment: Readonly<Record<string, string | undefined>>): string | null {
  if (inContainer(files, environment)) {
    if (isGuestOfLxcfs(files)) return null;
    return 'this is a container, and scope host is the whole machine around it: leave out --scope, or say --scope cgroup';
  }
  const group = ownGroup(files);
  const quota = group?.quotaCores();
  if (!group || !quota?.ok || quota.value === null) return null;
  const what = `the agent's control group ${group.location.path} may use ${quota.value.toFixed(2)} cores only, which scope host does not see`;
  return `${what}: if the application is in that group, say --scope cgroup`;
}

/** An empty group looks idle; a side-car measures itself, whatever the application in the next container does. */
function groupWarning(files: ProcRoot, { path, folders }: CgroupLocation): string | null {
  const [folder] = folders.cpu ?? folders.memory ?? [];
  const own = ownPid(files);
  const pids = processesIn(files, folder);
  if (pids.length === 0) {
    const isReadable = folder !== undefined && files.textOrNull(`${folder}/cgroup.procs`) !== null;
    return isReadable
      ? `the group ${path} has no process: it looks idle. Start the application, or name its group`
      : null;
  }
  if (!pids.includes(own) || pids.some((pid) => pid !== own && !isHelper(files, pid))) return null;
  const what = 'this group has no process but the agent: as a side-car it measures itself';
  return `${what}. Start the application with haweight agent -- COMMAND, or share the pid namespace and say --scope process --port PORT`;
}

function processesIn(files: ProcRoot, folder: string | undefined): readonly string[] {
  const folders = folder === undefined ? [] : [folder];
  const pids: string[] = [];
  for (const each of folders) {
    pids.push(...(files.textOrNull(`${each}/cgroup.procs`) ?? '').split('\n').filter((pid) => pid !== ''));
    for (const name of files.folders(each)) if (folders.length < maxFolders) folders.push(`${each}/${name}`);
  }
  return pids;
}

/** A shell, an init, or another agent: one that looks once runs beside the one that serves. */
function isHelper(files: ProcRoot, pid: string): boolean {
  if (helpers.has(processName(files.textOrNull(`/proc/${pid}/stat`) ?? '') ?? '')) return true;
  const args = (files.textOrNull(`/proc/${pid}/cmdline`) ?? '').split('\0');
  return args.includes('agent') && args.some((arg) => arg === process.argv[1] || /(?:^|\/)haweight(?:\/|$)/.test(arg));
}

function processWarning(
  { files }: Surroundings,
  pid: number | null,
  port: number | null,
  others: readonly number[],
): string | null {
  const name = pid === null || port === null ? null : processName(files.textOrNull(`/proc/${pid}/stat`) ?? '');
  if (name === null) return null;
  if (forwarders.has(name)) {
    return `port ${port} is held by ${name}, which only forwards: measure what is behind it, a container from inside or with --cgroup`;
  }
  if (others.length > 0) {
    const what = `port ${port} is held by ${1 + others.length} processes that are not of one tree: only ${pid} is measured, not ${others.slice(0, 5).join(', ')}`;
    return `${what}. Put them into one control group and say --cgroup, or start them as children of one process`;
  }
  if (!proxies.has(name)) return null;
  return `port ${port} is held by ${name}: if it forwards to the application, name the application's own port instead`;
}

function hiddenLimits({ files, configured }: Surroundings, pid: number | null): string | null {
  const text = pid === null ? null : files.textOrNull(`/proc/${pid}/cgroup`);
  if (pid === null || text === null || (configured.cores !== null && configured.memoryBytes !== null)) return null;
  if (unseenCgroup(text, files.textOrNull('/proc/self/mountinfo') ?? '') === null) return null;
  if (groupOf(files, pid) !== null) return null;
  return `the limits of process ${pid} cannot be seen from here, as its control group is another container's: give --cores and --memory-limit`;
}
