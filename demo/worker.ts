import { type CpuQuota, defaultPeriodMs } from './cpu-quota.ts';
import { burn, PacedCpu, processCpuMs } from './paced-cpu.ts';

/** Work is done in slices this long, so that the event loop goes on answering in between. */
const sliceCpuMs = 1;

/** A request's work. `wanted` turns false when its client has gone; then it is dropped. */
export interface Job {
  readonly demandCpuMs: number;
  wanted: boolean;
  readonly done: () => void;
}

/**
 * A small VM: one queue, first come first served, on a CPU quota that counts everything the process uses. A noisy
 * neighbour takes a share of that quota and burns it, so requests get what is left.
 */
export class Worker {
  readonly #cores: number;
  readonly #queue: Job[] = [];
  readonly #requestsCpu: PacedCpu;
  #working = false;
  #neighbourShare = 0;
  #neighbour: Promise<void> = Promise.resolve();
  #neighbourUsedCpuMs = 0;

  constructor(cores: number) {
    this.#cores = cores;
    this.#requestsCpu = new PacedCpu(this.#quota(1), () => processCpuMs() - this.#neighbourUsedCpuMs);
  }

  add(job: Job): void {
    this.#queue.push(job);
    if (this.#working) return;
    this.#working = true;
    // beside the caller; a rejection would be a bug, and unhandled it ends the process
    void this.#workOff();
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

  async #workOff(): Promise<void> {
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) {
      for (let leftCpuMs = job.demandCpuMs; leftCpuMs > 0 && job.wanted; ) {
        await this.#requestsCpu.turn();
        leftCpuMs -= burn(Math.min(leftCpuMs, sliceCpuMs));
      }
      if (job.wanted) job.done();
    }
    this.#working = false;
  }

  async #burnFor(share: number): Promise<void> {
    const cpu = new PacedCpu(this.#quota(share), () => this.#neighbourUsedCpuMs);
    while (this.#neighbourShare === share) {
      await cpu.turn();
      this.#neighbourUsedCpuMs += burn(sliceCpuMs);
    }
  }
}
