import type { Cgroup } from '../kernel/cgroup.ts';
import { countCpuList, parseCpuStat } from '../kernel/cpu-stat.ts';
import { tightest } from '../kernel/numbers.ts';
import { SlowFact } from '../kernel/slow-fact.ts';
import { groupOf } from './scope.ts';
import type { Surroundings } from './target.ts';

/** How many CPU cores the scope may use; above 0 always. A quota of half a core is 0.5. */
export type EffectiveCores = SlowFact<number>;

export function effectiveCores(surroundings: Surroundings): EffectiveCores {
  return new SlowFact(() => readCores(surroundings));
}

function readCores(surroundings: Surroundings): number {
  const { files, target, configured } = surroundings;
  const host = parseCpuStat(files.textOrNull('/proc/stat') ?? '', 1)?.cores ?? 1;
  if (target.kind === 'host') return host;
  if (configured.cores !== null) return configured.cores;
  if (target.kind === 'cgroup') return tightest(host, target.cgroup.coreLimit()) ?? host;
  const pid = target.tree.rootPid;
  const group: Cgroup | null = pid === null ? null : groupOf(files, pid);
  return tightest(host, group?.coreLimit() ?? null, pid === null ? null : affinity(surroundings, pid)) ?? host;
}

/** CPUs that the scheduler may run the process on. */
function affinity({ files }: Surroundings, pid: number): number | null {
  const status = files.textOrNull(`/proc/${pid}/status`) ?? '';
  return countCpuList(/^Cpus_allowed_list:\s+(\S+)/m.exec(status)?.[1] ?? null);
}
