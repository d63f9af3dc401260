import { ok, type Result } from '../../shared/contract/result.ts';
import type { Metric } from '../../shared/contract/snapshot.ts';
import type { HostMemory } from '../kernel/meminfo.ts';
import { clampRatio, field } from '../kernel/numbers.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';
import { SlowFact } from '../kernel/slow-fact.ts';
import { type Unavailable, unavailable } from '../kernel/unavailable.ts';
import { groupOf } from '../scope/groups.ts';
import type { ProcessTree } from '../scope/process-tree.ts';
import type { Surroundings } from '../scope/target.ts';
import type { Collector, Window } from './collector.ts';
import { HostMemoryUse, readHostMemory } from './host-memory.ts';

export interface RamReading {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

export function ramCollector(surroundings: Surroundings): Collector<'ram', RamReading> {
  const limit = new SlowFact(() => readLimit(surroundings));
  const hostUse = new HostMemoryUse(surroundings.files);
  return {
    name: 'ram',
    compute: computeRam,
    read(nowMs) {
      const host = readHostMemory(surroundings.files);
      const used = readUsed(surroundings, host, (memory) => hostUse.usedBytes(memory, nowMs));
      if (!used.ok) return used;
      const limitBytes = withinMachine(surroundings.configured.memoryBytes, limit.at(nowMs), host);
      return limitBytes.ok ? ok({ usedBytes: used.value, limitBytes: limitBytes.value }) : limitBytes;
    },
  };
}

export function computeRam({ last }: Window<RamReading>): Metric<'ram'> {
  const { usedBytes, limitBytes } = last.reading;
  if (limitBytes <= 0) return unavailable('no-limit', "the group's memory limit is 0: give --memory-limit, such as 2G");
  return { status: 'ok', utilisation: clampRatio(usedBytes / limitBytes), raw: { usedBytes, limitBytes } };
}

function readUsed(
  { files, target, units }: Surroundings,
  host: Result<HostMemory, Unavailable>,
  hostUse: (memory: HostMemory) => Result<number, Unavailable>,
): Result<number, Unavailable> {
  if (target.kind === 'process') return ok(treeBytes(files, target.tree, units.pageBytes));
  if (target.kind === 'cgroup') {
    const used = target.cgroup.usedMemoryBytes();
    if (!used.ok) return used;
    if (used.value !== null) return ok(used.value);
  }
  return host.ok ? hostUse(host.value) : host;
}

/** Without mapped files: they are page cache, which the kernel takes back. Kernels before 4.5 do not tell them. */
function treeBytes(files: ProcRoot, tree: ProcessTree, pageBytes: number): number {
  let mappedFilesKib = 0;
  for (const pid of tree.pids) mappedFilesKib += field(files.textOrNull(`/proc/${pid}/status`) ?? '', 'RssFile') ?? 0;
  return Math.max(0, tree.residentPages * pageBytes - mappedFilesKib * 1024);
}

/** What the operator says counts; else no limit is above the memory of the machine. */
function withinMachine(
  configured: number | null,
  limit: Result<number | null, Unavailable>,
  host: Result<HostMemory, Unavailable>,
): Result<number, Unavailable> {
  if (configured !== null) return ok(configured);
  if (!limit.ok) return limit;
  if (!host.ok) return limit.value === null ? host : ok(limit.value);
  return ok(Math.min(limit.value ?? host.value.totalBytes, host.value.totalBytes));
}

/** The limit of the group that is measured or that the process is in; null where there is none. */
function readLimit({ files, target }: Surroundings): Result<number | null, Unavailable> {
  if (target.kind === 'cgroup') return target.cgroup.memoryLimitBytes();
  const pid = target.kind === 'process' ? target.tree.rootPid : null;
  return pid === null ? ok(null) : (groupOf(files, pid)?.memoryLimitBytes() ?? ok(null));
}
