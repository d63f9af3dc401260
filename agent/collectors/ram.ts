import { err, ok, type Result } from '../../shared/contract/result.ts';
import type { Metric } from '../../shared/contract/snapshot.ts';
import { clampRatio, field, tightest } from '../kernel/numbers.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';
import { SlowFact } from '../kernel/slow-fact.ts';
import { type Unavailable, unavailable } from '../kernel/unavailable.ts';
import { groupOf } from '../scope/groups.ts';
import type { Surroundings } from '../scope/target.ts';
import type { Collector, Window } from './collector.ts';

export interface RamReading {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

export interface HostMemory {
  readonly totalBytes: number;
  /** The kernel's estimate of what could be had without swapping. */
  readonly availableBytes: number;
}

/** Reads /proc/meminfo. `MemFree` is of no use: a healthy machine fills it with page cache. */
export function parseMeminfo(text: string): HostMemory | null {
  const [totalKib, availableKib] = [field(text, 'MemTotal'), field(text, 'MemAvailable')];
  if (totalKib === null || availableKib === null || totalKib === 0) return null;
  return { totalBytes: totalKib * 1024, availableBytes: availableKib * 1024 };
}

export function ramCollector(surroundings: Surroundings): Collector<'ram', RamReading> {
  const limit = new SlowFact(() => readLimit(surroundings));
  return {
    name: 'ram',
    compute: computeRam,
    read(nowMs) {
      const host = readHost(surroundings.files);
      if (!host.ok) return host;
      const used = readUsed(surroundings, host.value);
      if (!used.ok) return used;
      const limitBytes = surroundings.configured.memoryBytes ?? tightest(limit.at(nowMs), host.value.totalBytes);
      return ok({ usedBytes: used.value, limitBytes: limitBytes ?? host.value.totalBytes });
    },
  };
}

export function computeRam({ last }: Window<RamReading>): Metric<'ram'> {
  const { usedBytes, limitBytes } = last.reading;
  if (limitBytes <= 0) return unavailable('no-limit', 'the memory limit is 0');
  return { status: 'ok', utilisation: clampRatio(usedBytes / limitBytes), raw: { usedBytes, limitBytes } };
}

function readHost(files: ProcRoot): Result<HostMemory, Unavailable> {
  const text = files.text('/proc/meminfo');
  if (!text.ok) return text;
  const memory = parseMeminfo(text.value);
  return memory === null ? err(unavailable('failed', '/proc/meminfo has no MemTotal or MemAvailable')) : ok(memory);
}

function readUsed({ target, units }: Surroundings, host: HostMemory): Result<number, Unavailable> {
  const hostUsed = Math.max(0, host.totalBytes - host.availableBytes);
  if (target.kind === 'host') return ok(hostUsed);
  if (target.kind === 'process') return ok(target.tree.residentPages * units.pageBytes);
  const used = target.cgroup.usedMemoryBytes();
  return used.ok ? ok(used.value ?? hostUsed) : used;
}

/** The limit of the group that is measured or that the process is in; null where there is none. */
function readLimit({ files, target }: Surroundings): number | null {
  if (target.kind === 'cgroup') return target.cgroup.memoryLimitBytes();
  const pid = target.kind === 'process' ? target.tree.rootPid : null;
  return pid === null ? null : (groupOf(files, pid)?.memoryLimitBytes() ?? null);
}
