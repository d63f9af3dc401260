import { err, ok, type Result } from '../../shared/contract/result.ts';
import type { Metric } from '../../shared/contract/snapshot.ts';
import { type HostCpu, parseCpuStat, parseCpus } from '../kernel/cpu-stat.ts';
import { clampRatio } from '../kernel/numbers.ts';
import { parsePressure } from '../kernel/pressure.ts';
import { type Unavailable, unavailable } from '../kernel/unavailable.ts';
import { inContainer } from '../scope/container.ts';
import type { EffectiveCores } from '../scope/effective-cores.ts';
import { containerGroup } from '../scope/groups.ts';
import type { Surroundings } from '../scope/target.ts';
import type { Collector, Timed, Window } from './collector.ts';
import { hostWindow, mostGrowth } from './cpu-window.ts';

export interface CpuReading {
  /** null: /proc/stat cannot be read. Only the host scope cannot do without it. */
  readonly host: HostCpu | null;
  /** CPU time used by the group or process tree, in core-seconds; null where the host itself is measured. */
  readonly usedCoreSeconds: number | null;
  /** Host scope inside a container: the same of the container's group; else null. */
  readonly spareCoreSeconds: number | null;
  /** Cores that the scope may use. */
  readonly cores: number;
  /** Whether only the number of CPUs binds the scope, so that neighbours may use what it could have had. */
  readonly shared: boolean;
  /** The CPUs that the scope is bound to; null where it may use all, or /proc/stat does not have them. */
  readonly cpus: HostCpu | null;
  /** Share of the last 10 s in which some task of the group waited for a CPU; null where the kernel does not say. */
  readonly waiting: number | null;
  /** Since when the counters of /proc/stat have not moved as time does; null while they do. */
  readonly stuckSinceMs: number | null;
}

/** Counters that do not move for this long will not by themselves. */
const stuckMs = 10_000;
/** Of any machine, where /proc/stat does not tell. */
const maxCores = 65_536;

export function cpuCollector(surroundings: Surroundings, cores: EffectiveCores): Collector<'cpu', CpuReading> {
  const { files, units, target } = surroundings;
  // lxcfs makes the /proc/stat of a guest, and not always well; the kernel counts for the guest's group itself
  const spare = target.kind === 'host' && inContainer(files, {}) ? containerGroup(files) : null;
  let previous: Timed<CpuReading> | null = null;
  return {
    name: 'cpu',
    compute: computeCpu,
    read(nowMs) {
      const text = files.text('/proc/stat');
      const host = text.ok ? parseCpuStat(text.value, units.ticksPerSecond) : null;
      const used = readUsed(surroundings);
      if (!used.ok) return used;
      const spareUsed = spare?.usedCoreSeconds();
      const spareCoreSeconds = spareUsed?.ok ? spareUsed.value : null;
      if (host === null && (used.value ?? spareCoreSeconds) === null) {
        return text.ok ? err(unavailable('failed', '/proc/stat has no usable cpu line')) : text;
      }
      const { count, shared, cpus, group, damaged } = cores.bounds(nowMs);
      if (damaged !== null) return err(damaged);
      const reading: CpuReading = {
        host,
        usedCoreSeconds: used.value,
        spareCoreSeconds,
        cores: count,
        shared,
        cpus: text.ok && cpus !== null ? parseCpus(text.value, cpus, units.ticksPerSecond) : null,
        waiting: shared ? (parsePressure(group?.version2Text('cpu.pressure') ?? '')?.some ?? null) : null,
        stuckSinceMs: previous === null ? null : stuckSince(previous, { atMs: nowMs, reading: host }),
      };
      previous = { atMs: nowMs, reading };
      return ok(reading);
    },
  };
}

function readUsed({ target, units }: Surroundings): Result<number | null, Unavailable> {
  if (target.kind === 'host') return ok(null);
  if (target.kind === 'cgroup') return target.cgroup.usedCoreSeconds();
  return ok(target.tree.usedTicks / units.ticksPerSecond);
}

function stuckSince({ atMs, reading }: Timed<CpuReading>, now: Timed<HostCpu | null>): number | null {
  return hostWindow({ atMs, reading: reading.host }, now) === null ? (reading.stuckSinceMs ?? atMs) : null;
}

/**
 * Host: what was not idle / all time that passed. Group or process: (used + stolen) / what it could have had. Under a quota
 * that is cores x window. Where only the number of CPUs binds it, neighbours use the same CPUs: it could have had what it
 * used and what was left free, so that on a full machine it is full as well. Unless it hardly ever waits: then it gets what
 * it asks for ahead of its neighbours, and could have had of theirs as well.
 * The hypervisor's steal is shared out evenly: the same part of our cores was gone as of the whole machine's.
 */
export function computeCpu({ first, last }: Window<CpuReading>): Metric<'cpu'> {
  if (first === null) return unavailable('warming-up', 'the first window is not over yet');
  const [before, now] = [first.reading, last.reading];
  const windowOf = (of: 'host' | 'cpus') =>
    hostWindow({ atMs: first.atMs, reading: before[of] }, { atMs: last.atMs, reading: now[of] });
  const host = windowOf('host');
  const capacity = (now.cores * (last.atMs - first.atMs)) / 1_000;
  if (now.usedCoreSeconds === null) {
    if (host !== null) return metric(host.busy, host.busy + host.free, host.steal);
    const used = growth(before.spareCoreSeconds, now.spareCoreSeconds);
    return used === null ? notMoving(last) : metric(used, capacity, 0);
  }
  const used = growth(before.usedCoreSeconds, now.usedCoreSeconds);
  const most = (mostGrowth * (now.host?.cores ?? maxCores) * (last.atMs - first.atMs)) / 1_000;
  if (used === null || used > most)
    return unavailable('warming-up', 'the counter of CPU time jumped within the window');
  if (host === null) return metric(used, capacity, 0);
  const stolen = capacity * clampRatio(host.steal / (host.busy + host.free));
  if (!now.shared) return metric(used + stolen, capacity, stolen);
  const { free } = windowOf('cpus') ?? host;
  const left = Math.min(capacity, used + stolen + free);
  return metric(used + stolen, left + (capacity - left) * precedence(now.waiting), stolen);
}

/** A group that waits for CPU for this share of the time gets no more than what is left. */
const waitingIsShort = 0.1;

/** How much of what neighbours use a group could have had, 0 to 1, by how much it waits. */
function precedence(waiting: number | null): number {
  return waiting === null ? 0 : Math.max(0, 1 - waiting / waitingIsShort);
}

/** null where one is not known, or the counter ran backwards. */
function growth(before: number | null, now: number | null): number | null {
  return before === null || now === null || now < before ? null : now - before;
}

function metric(busyCoreSeconds: number, availableCoreSeconds: number, stealCoreSeconds: number): Metric<'cpu'> {
  return {
    status: 'ok',
    // nothing could be had: the machine is full
    utilisation: availableCoreSeconds > 0 ? clampRatio(busyCoreSeconds / availableCoreSeconds) : 1,
    raw: { busyCoreSeconds, availableCoreSeconds, stealCoreSeconds },
  };
}

/** Kernels let counters slip back or leap (a core goes offline or online): that window says nothing. It may also be for good. */
function notMoving({ atMs, reading }: Timed<CpuReading>): Unavailable {
  if (reading.stuckSinceMs === null || atMs - reading.stuckSinceMs < stuckMs) {
    return unavailable('warming-up', 'the counters stood still or jumped within the window');
  }
  const what =
    'the counters of /proc/stat do not grow by the time that passes, as in a gVisor sandbox or a faulty LXC guest';
  return unavailable('not-supported', `${what}: measure with --scope cgroup or process`);
}
