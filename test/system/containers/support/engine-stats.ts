import { getContainerRuntimeClient } from 'testcontainers';

/** What the engine itself counts for a container, as `docker stats` shows it. */
export interface EngineStats {
  /** CPU that all its processes have used, in core-seconds. */
  readonly usedCoreSeconds: number;
  /** Without the page cache that the kernel would give back at once. */
  readonly usedMemoryBytes: number;
  readonly memoryLimitBytes: number;
}

export async function engineStats(id: string): Promise<EngineStats> {
  const { container } = await getContainerRuntimeClient();
  const stats = await container.getById(id).stats({ stream: false, 'one-shot': true });
  const memory = stats.memory_stats;
  // cgroup version 1 and 2
  const cacheBytes = memory.stats.total_inactive_file ?? memory.stats.inactive_file;
  return {
    usedCoreSeconds: stats.cpu_stats.cpu_usage.total_usage / 1e9,
    usedMemoryBytes: memory.usage - cacheBytes,
    memoryLimitBytes: memory.limit,
  };
}
