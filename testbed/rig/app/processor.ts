import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CpuQuota, defaultPeriodMs } from './cpu-quota.ts';
import { burn, PacedCpu, processCpuMs } from './paced-cpu.ts';
import { type Job, sliceCpuMs, WorkQueue } from './work-queue.ts';

/** The most of a quota that may be taken away from the requests. */
const mostBusyShare = 0.95;

/**
 * The CPU of an application server: one queue, first come first served, for one or more requests at a time, on a quota that
 * counts everything the process uses, or on all that it gets. Something else in the process may be busy too, such as a noisy neighbour: requests of a server
 * with a quota get what is left.
 */
export class Processor {
  readonly #cores: number | null;
  readonly #requestsCpu: PacedCpu | null;
  readonly #queue: WorkQueue;
  #busyCores = 0;
  #busy: Promise<void> = Promise.resolve();
  #busyUsedCpuMs = 0;

  /** `cores`: the quota; null: none. `atOnce`: how many requests share the CPU, 1 or more. */
  constructor(cores: number | null, atOnce: number) {
    this.#cores = cores;
    const requestsCpu = cores === null ? null : new PacedCpu(quota(cores), () => processCpuMs() - this.#busyUsedCpuMs);
    this.#requestsCpu = requestsCpu;
    this.#queue = new WorkQueue(requestsCpu === null ? nextTurn : () => requestsCpu.turn(), atOnce);
  }

  /** How many cores `setBusy` may be given. */
  get mostBusy(): number {
    return this.#cores === null ? Number.POSITIVE_INFINITY : this.#cores * mostBusyShare;
  }

  add(job: Job): void {
    this.#queue.add(job);
  }

  /** Something else uses this many cores from now on. Resolves when what was busy before has stopped. */
  async setBusy(cores: number): Promise<void> {
    this.#busyCores = 0;
    await this.#busy;
    this.#busyCores = cores;
    if (this.#cores !== null) this.#requestsCpu?.setQuota(quota(this.#cores - cores));
    if (cores > 0) this.#busy = this.#burnFor(cores);
  }

  async #burnFor(cores: number): Promise<void> {
    const cpu = new PacedCpu(quota(cores), () => this.#busyUsedCpuMs);
    while (this.#busyCores === cores) {
      await cpu.turn();
      this.#busyUsedCpuMs += burn(sliceCpuMs);
    }
  }
}

function quota(cores: number): CpuQuota {
  return { cores, periodMs: defaultPeriodMs };
}
