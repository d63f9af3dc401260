import { getContainerRuntimeClient } from 'testcontainers';

/** What the engine itself counts for a container, as `docker stats` shows it. */
export interface EngineStats {
  /** CPU that all its processes have used, in core-seconds. */
  readonly usedCoreSeconds: number;
  /** Without page cache and slab that the kernel would take back before it kills. */
  readonly usedMemoryBytes: number;
  readonly memoryLimitBytes: number;
}

export async function engineStats(id: string): Promise<EngineStats> {
  const { container } = await getContainerRuntimeClient();
  const stats = await container.getById(id).stats({ stream: false, 'one-shot': true });
  const memory = stats.memory_stats;
  const { stats: parts } = memory;
  // cgroup version 1 and 2; version 1 does not tell the slab
  const inactive = parts.total_inactive_file ?? parts.inactive_file;
  const active = parts.total_active_file ?? parts.active_file;
  const { slab_reclaimable: slab = 0 } = parts as { slab_reclaimable?: number };
  return {
    usedCoreSeconds: stats.cpu_stats.cpu_usage.total_usage / 1e9,
    usedMemoryBytes: memory.usage - inactive - active - slab,
    memoryLimitBytes: memory.limit,
  };
}
