import { err, ok, type Result } from '../../shared/contract/result.ts';
import type { CgroupController, CgroupLocation } from './cgroup-location.ts';
import { parseCfsQuota, parseCpuMax, type Quota } from './cpu-quota.ts';
import { type CpuList, parseCpuList } from './cpu-stat.ts';
import { field, parseCount, parseLimit, tightest } from './numbers.ts';
import type { ProcRoot } from './proc-root.ts';
import { type Unavailable, unavailable } from './unavailable.ts';

/** How each version calls what is read of memory. */
const memoryNames = {
  1: { usage: 'memory.usage_in_bytes', cache: 'total_inactive_file', alsoReclaimable: ['total_active_file'] },
  2: { usage: 'memory.current', cache: 'inactive_file', alsoReclaimable: ['active_file', 'slab_reclaimable'] },
} as const;

/** Reads one control group, version 1 or 2. An ancestor's limit binds as well: the tightest counts. */
export class Cgroup {
  readonly location: CgroupLocation;
  readonly #files: ProcRoot;

  constructor(files: ProcRoot, location: CgroupLocation) {
    this.#files = files;
    this.location = location;
  }

  /** CPU time that the group used since it was made, in core-seconds. */
  usedCoreSeconds(): Result<number, Unavailable> {
    const { version, unified } = this.location;
    if (version === 2) return this.#usedBy(this.#text('cpu', 'cpu.stat'));
    const nanoseconds = this.#count('cpuacct', 'cpuacct.usage');
    if (nanoseconds.ok && nanoseconds.value !== null) return ok(nanoseconds.value / 1e9);
    // a kernel may lack cpuacct; in the version 2 part of a hybrid hierarchy it counts CPU time without any controller
    const stat = unified?.[0] === undefined ? null : this.#files.text(`${unified[0]}/cpu.stat`);
    if (stat?.ok) return this.#usedBy(stat);
    return nanoseconds.ok ? err(noFile('cpuacct.usage')) : nanoseconds;
  }

  #usedBy(stat: Result<string | null, Unavailable>): Result<number, Unavailable> {
    if (!stat.ok) return stat;
    const microseconds = field(stat.value ?? '', 'usage_usec');
    return microseconds === null ? err(noFile('cpu.stat with usage_usec')) : ok(microseconds / 1e6);
  }

  /** The tightest quota of the group and its ancestors, in cores; null where there is none. */
  quotaCores(): Quota {
    const { version, unified = [] } = this.location;
    const own = this.#folders('cpu').map((folder) => (version === 1 ? this.#quotaV1(folder) : this.#quotaV2(folder)));
    const quotas = [...own, ...unified.map((folder) => this.#quotaV2(folder))];
    const damaged = quotas.find((quota) => !quota.ok);
    return damaged ?? ok(tightest(...quotas.map((quota) => (quota.ok ? quota.value : null))));
  }

  /** The CPUs that the group is bound to; null where the kernel does not say. */
  cpus(): CpuList | null {
    const { version, unified } = this.location;
    const folder = this.#folders('cpuset')[0];
    const names = version === 2 ? ['cpuset.cpus.effective'] : ['cpuset.effective_cpus', 'cpuset.cpus'];
    const paths = [...names.map((name) => `${folder}/${name}`), `${unified?.[0]}/cpuset.cpus.effective`];
    const bound = paths.map((path) => parseCpuList(this.#files.textOrNull(path)));
    return bound.find((cpus) => cpus !== null) ?? null;
  }

  /**
   * Memory in use without what the kernel takes back before it kills: page cache, active or not, and reclaimable slab.
   * Version 1 does not tell the slab. null: this is the root group, which holds the whole machine.
   */
  usedMemoryBytes(): Result<number | null, Unavailable> {
    const { usage: usageFile, cache, alsoReclaimable } = memoryNames[this.location.version];
    const usage = this.#countUnlessRoot('memory', usageFile);
    if (!usage.ok || usage.value === null) return usage;
    const stat = this.#text('memory', 'memory.stat');
    if (!stat.ok) return stat;
    const text = stat.value ?? '';
    const cacheBytes = field(text, cache);
    // Without it a full cache would look like a shortage.
    if (cacheBytes === null) return err(unavailable('failed', `the group's memory.stat has no ${cache}`));
    const reclaimable = alsoReclaimable.reduce((bytes, key) => bytes + (field(text, key) ?? 0), cacheBytes);
    return ok(Math.max(0, usage.value - reclaimable));
  }

  /** From `memory.high` on the kernel throttles the group, long before it kills at `memory.max`. null: there is no limit. */
  memoryLimitBytes(): Result<number | null, Unavailable> {
    const names = this.location.version === 1 ? ['memory.limit_in_bytes'] : ['memory.max', 'memory.high'];
    const limit = this.#tightest('memory', names);
    if (!limit.ok) return limit;
    // Version 1 also says what binds from above the mount, where a container cannot look.
    const stat = this.location.version === 1 ? this.#text('memory', 'memory.stat') : null;
    const inherited = stat?.ok ? field(stat.value ?? '', 'hierarchical_memory_limit') : null;
    return ok(tightest(limit.value, inherited !== null && inherited <= Number.MAX_SAFE_INTEGER ? inherited : null));
  }

  /** The text of a file that version 2 alone has, such as `memory.pressure`; null where there is none. */
  version2Text(file: string): string | null {
    const { version, folders, unified = [] } = this.location;
    // In a hybrid hierarchy, unless the process was left in the root group there: that is the machine.
    const folder = version === 2 ? folders.memory?.[0] : unified.length > 1 ? unified[0] : undefined;
    return folder === undefined ? null : this.#files.textOrNull(`${folder}/${file}`);
  }

  /** Whether this is the group of the whole machine, for every controller. */
  isRoot(): boolean {
    const controllers = Object.keys(this.location.folders) as CgroupController[];
    return controllers.length > 0 && controllers.every((controller) => this.#isRootOf(controller));
  }

  /** null: the root group, as above. */
  threads(): Result<number | null, Unavailable> {
    return this.#countUnlessRoot('pids', 'pids.current');
  }

  threadLimit(): Result<number | null, Unavailable> {
    return this.#tightest('pids', ['pids.max']);
  }

  /** A process of the group; null where it has none of its own or none that can be seen from here. */
  somePid(): number | null {
    const text = this.#files.textOrNull(`${this.#folders('pids')[0]}/cgroup.procs`) ?? '';
    // Processes outside of our pid namespace are 0.
    return parseCount(/^[1-9]\d*$/m.exec(text)?.[0]);
  }

  /** Whether the group exists. */
  exists(): boolean {
    return Object.values(this.location.folders).some(([folder]) => this.#files.names(folder ?? '') !== null);
  }

  #quotaV1(folder: string): Quota {
    const [quota = null, period = null] = ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((name) =>
      this.#files.textOrNull(`${folder}/${name}`),
    );
    return parseCfsQuota(quota, period);
  }

  #quotaV2(folder: string): Quota {
    return parseCpuMax(this.#files.textOrNull(`${folder}/cpu.max`));
  }

  /** The tightest limit of the group and its ancestors. A file that is damaged could hold one: it fails. */
  #tightest(controller: CgroupController, names: readonly string[]): Result<number | null, Unavailable> {
    const limits: (number | null)[] = [];
    for (const folder of this.#folders(controller)) {
      for (const name of names) {
        const text = this.#files.textOrNull(`${folder}/${name}`);
        if (text !== null && !/^(?:max|-?\d+)\n$/.test(text)) {
          return err(unavailable('failed', `${name} holds neither a number nor max`));
        }
        limits.push(parseLimit(text));
      }
    }
    return ok(tightest(...limits));
  }

  #folders(controller: CgroupController): readonly string[] {
    return this.location.folders[controller] ?? [];
  }

  /** A count of the group; null in the root group. Version 1 counts some of the machine there, version 2 nothing. */
  #countUnlessRoot(controller: CgroupController, file: string): Result<number | null, Unavailable> {
    if (this.location.version === 1 && this.#isRootOf(controller)) return ok(null);
    const count = this.#count(controller, file);
    if (!count.ok || count.value !== null || this.#isRootOf(controller)) return count;
    return err(unavailable('not-supported', `the group has no ${file}: the ${controller} controller is off for it`));
  }

  /**
   * Inside a cgroup namespace every group is called `/`, so the files tell: version 2 has `cgroup.type` and
   * `cgroup.events` only below the root, version 1 has `cgroup.sane_behavior` only in it.
   */
  #isRootOf(controller: CgroupController): boolean {
    const folders = this.#folders(controller);
    const has = (file: string) => this.#files.textOrNull(`${folders[0]}/${file}`) !== null;
    if (folders.length !== 1) return false;
    if (this.location.version === 1) return has('cgroup.sane_behavior');
    return this.location.path === '/' && !has('cgroup.type') && !has('cgroup.events');
  }

  #count(controller: CgroupController, file: string): Result<number | null, Unavailable> {
    const text = this.#text(controller, file);
    if (!text.ok) return text;
    if (text.value === null) return ok(null);
    const value = parseCount(text.value.trim());
    return value === null ? err(unavailable('failed', `${file} holds no number`)) : ok(value);
  }

  /** A file of the group itself; null where the group is there and the file is not, as in the root group. */
  #text(controller: CgroupController, file: string): Result<string | null, Unavailable> {
    const folder = this.#folders(controller)[0];
    if (folder === undefined) {
      return err(unavailable('not-supported', this.location.unseen ?? `no cgroup controller ${controller}`));
    }
    const text = this.#files.text(`${folder}/${file}`);
    if (text.ok || text.error.reason !== 'not-supported') return text;
    if (this.#files.names(folder) !== null) return ok(null);
    return err(unavailable('target-gone', `the group ${folder} is not there`));
  }
}

function noFile(file: string): Unavailable {
  return unavailable('not-supported', `the group has no ${file}`);
}
