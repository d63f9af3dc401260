import { parseLastPid } from '../kernel/limits.ts';
import { isEnded, type PidStat, parsePidStat, treeTicksUsed } from '../kernel/pid-stat.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';
import { type Unavailable, unavailable } from '../kernel/unavailable.ts';

/** Largest tree that is followed, so that a fork bomb does not become ours. */
const maxProcesses = 4096;

/** Looks after which children are searched for in any case: lxcfs makes the /proc/loadavg of a guest, which may miss a fork. */
const searchEvery = 10;

/** Finds the pid to follow, when there is none yet or the last one ended. */
export type FindRoot = () => number | Unavailable;

/**
 * A process and everything that it started. Members stay members until they end, also when their parent ends first.
 *
 * New members are found through /proc/PID/task/TID/children, which costs one read a thread of the tree; a scan of
 * every process for its parent costs one read a process of the machine, several times that on an ordinary server.
 * And both are needed only when something was forked since the last look, which /proc/loadavg tells for one read.
 */
export class ProcessTree {
  readonly #files: ProcRoot;
  readonly #findRoot: FindRoot;
  #root: PidStat | null = null;
  #members: ReadonlyMap<number, PidStat> = new Map();
  #lastPid: number | null = null;
  #looks = 0;
  #usedTicks = 0;
  #inDoubt = false;

  constructor(files: ProcRoot, findRoot: FindRoot) {
    this.#files = files;
    this.#findRoot = findRoot;
  }

  /** The tree's first process; null while there is none. */
  get rootPid(): number | null {
    return this.#root?.pid ?? null;
  }

  get pids(): Iterable<number> {
    return this.#members.keys();
  }

  /** CPU time used since the tree was first seen, in clock ticks; only ever grows. */
  get usedTicks(): number {
    return this.#usedTicks;
  }

  get residentPages(): number {
    return this.#sum((stat) => stat.residentPages);
  }

  get threads(): number {
    return this.#sum((stat) => stat.threads);
  }

  /** The next look finds out again which process to follow: there may be another one now. */
  reconsider(): void {
    this.#inDoubt = true;
  }

  /** Looks again, once a sample. Returns why there is nothing to measure, or null. */
  refresh(): Unavailable | null {
    const doubt = this.#root !== null && this.#inDoubt ? this.#decide(this.#root.pid) : null;
    this.#inDoubt = false;
    if (doubt !== null) return doubt;
    const adopted = this.#root === null;
    const missing = adopted ? this.#adopt() : null;
    if (missing !== null || this.#root === null) return missing;
    const root = this.#stat(this.#root.pid);
    if (root === null || isEnded(root) || root.startTicks !== this.#root.startTicks) {
      const { pid } = this.#root;
      this.#forget();
      return unavailable('target-gone', `process ${pid} ended`);
    }
    const now = this.#readMembers(root);
    if (!adopted) this.#usedTicks += treeTicksUsed(this.#members, now);
    this.#members = now;
    return null;
  }

  /** One that no longer listens is followed until it ends, unless another one does. */
  #decide(pid: number): Unavailable | null {
    const found = this.#findRoot();
    if (found === pid) return null;
    const isOther = typeof found === 'number';
    if (!isOther && found.reason !== 'failed') return null;
    this.#forget();
    return isOther ? null : found;
  }

  #adopt(): Unavailable | null {
    const pid = this.#findRoot();
    if (typeof pid !== 'number') return pid;
    const stat = this.#stat(pid);
    if (stat === null || isEnded(stat)) return unavailable('target-gone', `there is no process ${pid}`);
    this.#root = stat;
    return null;
  }

  #forget(): void {
    this.#root = null;
    this.#members = new Map();
    this.#lastPid = null;
  }

  #readMembers(root: PidStat): ReadonlyMap<number, PidStat> {
    const lastPid = parseLastPid(this.#files.textOrNull('/proc/loadavg'));
    const pids = new Set([root.pid, ...this.#members.keys()]);
    // A set grows while it is walked: children of children are visited too.
    const isDue = this.#looks % searchEvery === 0;
    if (isDue || lastPid === null || lastPid !== this.#lastPid) for (const pid of pids) this.#addChildren(pid, pids);
    this.#looks += 1;
    this.#lastPid = lastPid;
    const now = new Map<number, PidStat>([[root.pid, root]]);
    for (const pid of pids) {
      const stat = pid === root.pid ? root : this.#stat(pid);
      const earlier = this.#members.get(pid);
      const reused = earlier !== undefined && stat?.startTicks !== earlier.startTicks;
      if (stat !== null && !reused) now.set(pid, stat);
    }
    return now;
  }

  #addChildren(pid: number, pids: Set<number>): void {
    for (const thread of this.#files.names(`/proc/${pid}/task`) ?? []) {
      const children = this.#files.textOrNull(`/proc/${pid}/task/${thread}/children`)?.match(/\d+/g) ?? [];
      for (const child of children) if (pids.size < maxProcesses) pids.add(Number(child));
    }
  }

  #stat(pid: number): PidStat | null {
    const text = this.#files.textOrNull(`/proc/${pid}/stat`);
    return text === null ? null : parsePidStat(text);
  }

  #sum(of: (stat: PidStat) => number): number {
    let total = 0;
    for (const stat of this.#members.values()) if (!isEnded(stat)) total += of(stat);
    return total;
  }
}
