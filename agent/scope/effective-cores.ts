import { ok } from '../../shared/contract/result.ts';
import type { Cgroup } from '../kernel/cgroup.ts';
import { type CpuList, commonCpus, countCpuList, countCpus, parseCpuList, parseCpuStat } from '../kernel/cpu-stat.ts';
import { tightest } from '../kernel/numbers.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';
import { SlowFact } from '../kernel/slow-fact.ts';
import type { Unavailable } from '../kernel/unavailable.ts';
import { groupOf } from './groups.ts';
import type { Surroundings } from './target.ts';

/** What binds the CPU time of a scope. */
export interface CoreBounds {
  /** How many CPU cores the scope may use; above 0 always. A quota of half a core is 0.5. */
  readonly count: number;
  /** Whether only the number of CPUs binds it, which others use as well: no quota, and no word of the operator. */
  readonly shared: boolean;
  /** The CPUs that it is bound to, where that are not all. */
  readonly cpus: CpuList | null;
  /** The group that is measured, or that the process is in; null for the host, or where it cannot be seen. */
  readonly group: Cgroup | null;
  /** Why the quota is not known, if there may be one; null otherwise. */
  readonly damaged: Unavailable | null;
}

/** How many CPU cores the scope may use, read every 10 s. */
export class EffectiveCores {
  readonly #bounds: SlowFact<CoreBounds>;

  constructor(surroundings: Surroundings) {
    this.#bounds = new SlowFact(() => readBounds(surroundings));
  }

  at(nowMs: number): number {
    return this.#bounds.at(nowMs).count;
  }

  bounds(nowMs: number): CoreBounds {
    return this.#bounds.at(nowMs);
  }

  forget(): void {
    this.#bounds.forget();
  }
}

export function effectiveCores(surroundings: Surroundings): EffectiveCores {
  return new EffectiveCores(surroundings);
}

/** More than any machine has; the snapshot takes no more. */
const maxCores = 65_536;
const onlinePath = '/sys/devices/system/cpu/online';

/** Cores that /proc/stat shows: those of the machine, or of the guest where lxcfs makes that file. null: it shows none. */
function shownCores(files: ProcRoot): number | null {
  return parseCpuStat(files.textOrNull('/proc/stat') ?? '', 1)?.cores ?? null;
}

/** Cores of the whole machine that are online, whatever a scope on it may use; null where the kernel does not say. */
export function machineCores(files: ProcRoot): number | null {
  const online = countCpuList(files.textOrNull(onlinePath));
  return online !== null && online <= maxCores ? online : shownCores(files);
}

function readBounds(surroundings: Surroundings): CoreBounds {
  const { files, target, configured } = surroundings;
  const host = shownCores(files) ?? machineCores(files) ?? 1;
  if (target.kind === 'host') return { count: host, shared: false, cpus: null, group: null, damaged: null };
  if (configured.cores !== null)
    return { count: configured.cores, shared: false, cpus: null, group: null, damaged: null };
  const pid = target.kind === 'process' ? target.tree.rootPid : null;
  const group: Cgroup | null = target.kind === 'cgroup' ? target.cgroup : pid === null ? null : groupOf(files, pid);
  const bound = (pid === null ? null : affinity(files, pid)) ?? group?.cpus() ?? null;
  const cpus = bound === null ? null : onlineOf(files, bound);
  const count = Math.min(host, cpus === null ? host : countCpus(cpus));
  const read = group?.quotaCores() ?? ok(null);
  const quota = read.ok ? read.value : null;
  return {
    count: tightest(count, quota) ?? count,
    shared: quota === null || quota >= count,
    cpus: count < host ? cpus : null,
    group,
    damaged: read.ok ? null : read.error,
  };
}

/** CPUs that the scheduler may run the process on: cpusets of its groups included. */
function affinity(files: ProcRoot, pid: number): CpuList | null {
  const status = files.textOrNull(`/proc/${pid}/status`) ?? '';
  return parseCpuList(/^Cpus_allowed_list:\s+(\S+)/m.exec(status)?.[1] ?? null);
}

/** Without those that are offline, which a set goes on to name. */
function onlineOf(files: ProcRoot, cpus: CpuList): CpuList {
  const online = parseCpuList(files.textOrNull(onlinePath));
  const common = online === null ? [] : commonCpus(cpus, online);
  return common.length > 0 ? common : cpus;
}
