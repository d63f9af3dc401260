import { err, ok, type Result } from '../../shared/contract/result.ts';
import { freeHugeBytesBeside } from '../kernel/huge-pages.ts';
import { type HostMemory, parseMeminfo } from '../kernel/meminfo.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';
import { SlowFact } from '../kernel/slow-fact.ts';
import { type Unavailable, unavailable } from '../kernel/unavailable.ts';
import { arcstatsFile, parseArcstats } from '../kernel/zfs-arc.ts';

const meminfoFile = '/proc/meminfo';

export function readHostMemory(files: ProcRoot): Result<HostMemory, Unavailable> {
  const text = files.text(meminfoFile);
  if (!text.ok) return text;
  const memory = parseMeminfo(text.value);
  if (memory === null) return err(unavailable('failed', `${meminfoFile} has no MemTotal or MemAvailable`));
  // An emulation that shows the container's total and the machine's available memory.
  if (memory.availableBytes > memory.totalBytes) {
    return err(unavailable('failed', `${meminfoFile} says that more memory is available than there is`));
  }
  return ok(memory);
}

/**
 * Memory of the machine in use: what is not available, without what the kernel gives back and does not count as
 * available: ZFS's cache and free huge pages.
 */
export class HostMemoryUse {
  readonly #files: ProcRoot;
  readonly #hasZfs: SlowFact<boolean>;
  readonly #isEmulated: SlowFact<boolean>;

  constructor(files: ProcRoot) {
    this.#files = files;
    this.#hasZfs = new SlowFact(() => files.exists(arcstatsFile), 60_000);
    this.#isEmulated = new SlowFact(() => isMountedOver(files.textOrNull('/proc/self/mountinfo') ?? ''), 60_000);
  }

  usedBytes(memory: HostMemory, nowMs: number): Result<number, Unavailable> {
    const used = memory.totalBytes - memory.availableBytes;
    const hasZfs = this.#hasZfs.at(nowMs);
    const freeHugeBytes = this.#freeHugeBytes(memory);
    // What ZFS and the pools say is of the machine: under lxcfs the rest of the file is the container's.
    if ((!hasZfs && freeHugeBytes === 0) || this.#isEmulated.at(nowMs)) return ok(used);
    const arcBytes = hasZfs ? this.#arcBytes(memory) : ok(0);
    if (!arcBytes.ok) return arcBytes;
    return ok(Math.max(Math.min(used, memory.heldBytes), used - arcBytes.value - freeHugeBytes));
  }

  /** Where it cannot be told, memory is unknown: a full cache would look like a shortage. */
  #arcBytes({ totalBytes }: HostMemory): Result<number, Unavailable> {
    const text = this.#files.text(arcstatsFile);
    // the module was unloaded
    if (!text.ok) return text.error.reason === 'not-supported' ? ok(0) : text;
    const bytes = parseArcstats(text.value, totalBytes);
    return bytes === null ? err(unavailable('failed', `${arcstatsFile} has no size`)) : ok(bytes);
  }

  #freeHugeBytes({ freeHugeBytes, hugePageKib, otherHugePools }: HostMemory): number {
    return freeHugeBytes + (otherHugePools ? freeHugeBytesBeside(this.#files, hugePageKib) : 0);
  }
}

/** Whether something is mounted over the file, as lxcfs is in a container. */
function isMountedOver(mountinfo: string): boolean {
  return /^\d+ \d+ \S+ \S+ \/proc\/meminfo /m.test(mountinfo);
}
