import { err, ok, type Result } from '../../shared/contract/result.ts';
import type { Metric } from '../../shared/contract/snapshot.ts';
import { type HostCpu, parseCpuStat } from '../kernel/cpu-stat.ts';
import { clampRatio } from '../kernel/numbers.ts';
import { type Unavailable, unavailable } from '../kernel/unavailable.ts';
import type { EffectiveCores } from '../scope/effective-cores.ts';
import type { Surroundings } from '../scope/target.ts';
import type { Collector, Window } from './collector.ts';

export interface CpuReading {
  readonly host: HostCpu;
  /** CPU time used by the group or process tree, in core-seconds; null where the host itself is measured. */
  readonly usedCoreSeconds: number | null;
  /** Cores that the scope may use. */
  readonly cores: number;
}

export function cpuCollector(surroundings: Surroundings, cores: EffectiveCores): Collector<'cpu', CpuReading> {
  const { files, units } = surroundings;
  return {
    name: 'cpu',
    compute: computeCpu,
    read(nowMs) {
      const text = files.text('/proc/stat');
      if (!text.ok) return text;
      const host = parseCpuStat(text.value, units.ticksPerSecond);
      if (host === null) return err(unavailable('failed', '/proc/stat has no usable cpu line'));
      const used = readUsed(surroundings);
      return used.ok ? ok({ host, usedCoreSeconds: used.value, cores: cores.at(nowMs) }) : used;
    },
  };
}

/** What the counters of all cores may grow by, as a multiple of what the cores could do: ticks are coarse. */
const mostGrowth = 2;

/** In core-seconds. A core that comes online may bring hours of idle time with it, which would read as an idle machine. */
function mostPassed(first: NonNullable<Window<CpuReading>['first']>, last: Window<CpuReading>['last']): number {
  const cores = Math.max(first.reading.host.cores, last.reading.host.cores);
  return (mostGrowth * cores * (last.atMs - first.atMs)) / 1_000;
}

function readUsed({ target, units }: Surroundings): Result<number | null, Unavailable> {
  if (target.kind === 'host') return ok(null);
  if (target.kind === 'cgroup') return target.cgroup.usedCoreSeconds();
  return ok(target.tree.usedTicks / units.ticksPerSecond);
}

/**
 * Host: what was not idle / all time that passed. Group or process: (used + stolen) / (cores x window), where the
 * hypervisor's steal is shared out evenly: the same part of our cores was gone as of the whole machine's.
 */
export function computeCpu({ first, last }: Window<CpuReading>): Metric<'cpu'> {
  if (first === null) return unavailable('warming-up', 'the first window is not over yet');
  const busy = last.reading.host.busyCoreSeconds - first.reading.host.busyCoreSeconds;
  const idle = last.reading.host.idleCoreSeconds - first.reading.host.idleCoreSeconds;
  const steal = last.reading.host.stealCoreSeconds - first.reading.host.stealCoreSeconds;
  const passed = busy + idle;
  if (busy < 0 || idle < 0 || steal < 0 || passed <= 0 || passed > mostPassed(first, last)) return jumped();
  if (last.reading.usedCoreSeconds === null) return metric(busy, passed, steal);
  const used = last.reading.usedCoreSeconds - (first.reading.usedCoreSeconds ?? 0);
  if (used < 0) return jumped();
  const available = last.reading.cores * ((last.atMs - first.atMs) / 1000);
  const stolen = available * clampRatio(steal / passed);
  return metric(used + stolen, available, stolen);
}

function metric(busyCoreSeconds: number, availableCoreSeconds: number, stealCoreSeconds: number): Metric<'cpu'> {
  return {
    status: 'ok',
    utilisation: clampRatio(busyCoreSeconds / availableCoreSeconds),
    raw: { busyCoreSeconds, availableCoreSeconds, stealCoreSeconds },
  };
}

/** Kernels let counters slip back or leap (a core goes offline or online, iowait is corrected): that window says nothing. */
function jumped(): Unavailable {
  return unavailable('warming-up', 'the counters stood still or jumped within the window');
}
