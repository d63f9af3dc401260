import type { ProcRoot } from '../kernel/proc-root.ts';

/**
 * Whether we run in a container, where /proc/stat and /proc/meminfo are the host's and would give every container on
 * a machine the same load. Container engines leave one of these marks.
 */
export function inContainer(files: ProcRoot, environment: Readonly<Record<string, string | undefined>>): boolean {
  if (environment['KUBERNETES_SERVICE_HOST'] !== undefined || environment['container'] !== undefined) return true;
  if (files.bytesOrNull('/.dockerenv') !== null || files.bytesOrNull('/run/.containerenv') !== null) return true;
  return namesContainer(files.textOrNull('/proc/1/cgroup') ?? '');
}

/** Whether a group's path in /proc/PID/cgroup is one that an engine gives. */
export function namesContainer(cgroupText: string): boolean {
  return /[/-](?:docker|kubepods|libpod|containerd|crio|lxc|ecs|garden)[-./]/.test(cgroupText);
}
