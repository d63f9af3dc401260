import { type CpuQuota, defaultPeriodMs } from './cpu-quota.ts';
import { burn, PacedCpu, processCpuMs } from './paced-cpu.ts';
import { type Job, sliceCpuMs, WorkQueue } from './work-queue.ts';

/**
 * A small VM: one queue, first come first served, on a CPU quota that counts everything the process uses. A noisy
 * neighbour takes a share of that quota and burns it, so requests get what is left.
 */
export class Worker {
  readonly #cores: number;
  readonly #requestsCpu: PacedCpu;
  readonly #queue: WorkQueue;
  #neighbourShare = 0;
  #neighbour: Promise<void> = Promise.resolve();
  #neighbourUsedCpuMs = 0;

  constructor(cores: number) {
    this.#cores = cores;
    this.#requestsCpu = new PacedCpu(this.#quota(1), () => processCpuMs() - this.#neighbourUsedCpuMs);
    this.#queue = new WorkQueue(() => this.#requestsCpu.turn());
  }

  add(job: Job): void {
    this.#queue.add(job);
  }

  /** The neighbour takes this share of the quota, 0 (none) to below 1. Resolves when an earlier one has stopped. */
  async setNeighbour(share: number): Promise<void> {
    this.#neighbourShare = 0;
    await this.#neighbour;
    this.#neighbourShare = share;
    this.#requestsCpu.setQuota(this.#quota(1 - share));
    if (share > 0) this.#neighbour = this.#burnFor(share);
  }

  #quota(share: number): CpuQuota {
    return { cores: this.#cores * share, periodMs: defaultPeriodMs };
  }

  async #burnFor(share: number): Promise<void> {
    const cpu = new PacedCpu(this.#quota(share), () => this.#neighbourUsedCpuMs);
    while (this.#neighbourShare === share) {
      await cpu.turn();
      this.#neighbourUsedCpuMs += burn(sliceCpuMs);
    }
  }
}
