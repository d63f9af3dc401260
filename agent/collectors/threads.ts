import { err, ok, type Result } from '../../shared/contract/result.ts';
import type { Metric } from '../../shared/contract/snapshot.ts';
import { parseProcessLimit, parseTotalThreads } from '../kernel/limits.ts';
import { clampRatio, parseCount, tightest } from '../kernel/numbers.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';
import { SlowFact } from '../kernel/slow-fact.ts';
import { type Unavailable, unavailable } from '../kernel/unavailable.ts';
import { groupOf } from '../scope/groups.ts';
import type { Surroundings } from '../scope/target.ts';
import type { Collector, Window } from './collector.ts';

type LimitSource = Extract<Metric<'threads'>, { status: 'ok' }>['raw']['limitSource'];

export interface ThreadLimit {
  readonly limit: number;
  readonly limitSource: LimitSource;
}

export interface ThreadsReading {
  readonly threads: number;
  /** null: nothing limits threads here. */
  readonly limit: ThreadLimit | null;
}

export function threadsCollector(surroundings: Surroundings): Collector<'threads', ThreadsReading> {
  const limits = new SlowFact(() => readLimits(surroundings));
  return {
    name: 'threads',
    compute: computeThreads,
    read(nowMs) {
      const threads = readThreads(surroundings);
      if (!threads.ok) return threads;
      const known = limits.at(nowMs);
      return known.ok ? ok({ threads: threads.value, limit: chooseLimit(known.value, threads.value) }) : known;
    },
  };
}

export function computeThreads({ last }: Window<ThreadsReading>): Metric<'threads'> {
  const { threads, limit } = last.reading;
  if (limit === null || limit.limit === 0) {
    return unavailable('no-limit', "give --max-threads, the size of the application's pool");
  }
  return { status: 'ok', utilisation: clampRatio(threads / limit.limit), raw: { threads, ...limit } };
}

/** Most threads by source; null where there is no such limit. */
export type ThreadLimits = Readonly<Record<LimitSource, number | null>>;

/**
 * What the operator says counts; else the tightest of what the kernel says. RLIMIT_NPROC is of one user, and not of root:
 * where there are more threads already, it is not what limits them.
 */
export function chooseLimit(candidates: ThreadLimits, threads = 0): ThreadLimit | null {
  if (candidates.configured !== null) return { limit: candidates.configured, limitSource: 'configured' };
  let chosen: ThreadLimit | null = null;
  for (const limitSource of ['cgroup', 'rlimit', 'kernel'] as const) {
    const limit = candidates[limitSource];
    if (limitSource === 'rlimit' && limit !== null && limit < threads) continue;
    if (limit !== null && (chosen === null || limit < chosen.limit)) chosen = { limit, limitSource };
  }
  return chosen;
}

function readThreads({ target, files }: Surroundings): Result<number, Unavailable> {
  if (target.kind === 'process') return ok(target.tree.threads);
  if (target.kind === 'host') return readHostThreads(files);
  const threads = target.cgroup.threads();
  if (!threads.ok) return threads;
  return threads.value === null ? readHostThreads(files) : ok(threads.value);
}

function readHostThreads(files: ProcRoot): Result<number, Unavailable> {
  const text = files.text('/proc/loadavg');
  if (!text.ok) return text;
  const total = parseTotalThreads(text.value);
  return total === null ? err(unavailable('failed', '/proc/loadavg has no thread count')) : ok(total);
}

function readLimits({ files, target, configured }: Surroundings): Result<ThreadLimits, Unavailable> {
  // RLIMIT_NPROC of the machine is that of its first process: ours may be set by our own unit, as with another group.
  const root = target.kind === 'process' ? target.tree.rootPid : null;
  const group = target.kind === 'cgroup' ? target.cgroup : root === null ? null : groupOf(files, root);
  const pid = target.kind === 'host' ? 1 : target.kind === 'process' ? root : (target.cgroup.somePid() ?? 'self');
  const kernel = (name: string) => parseCount(files.textOrNull(`/proc/sys/kernel/${name}`)?.trim());
  const cgroup = group?.threadLimit() ?? ok(null);
  if (!cgroup.ok && configured.threads === null) return cgroup;
  return ok({
    configured: configured.threads,
    cgroup: cgroup.ok ? cgroup.value : null,
    rlimit: parseProcessLimit(files.textOrNull(`/proc/${pid}/limits`)),
    // A thread needs a number of its own, so the largest number is a limit too.
    kernel: tightest(kernel('threads-max'), kernel('pid_max')),
  });
}
