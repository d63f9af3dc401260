import { burn } from './paced-cpu.ts';

/** Work is done in slices this long, so that the event loop goes on answering in between. */
export const sliceCpuMs = 1;

/** A request's work. `wanted` turns false when its client has gone; then it is dropped. */
export interface Job {
  readonly demandCpuMs: number;
  wanted: boolean;
  readonly done: () => void;
}

/** Burns real CPU for one job after the other, first come first served. */
export class WorkQueue {
  readonly #turn: () => Promise<unknown>;
  readonly #queue: Job[] = [];
  #working = false;

  /** `turn` resolves when the next slice may be burnt, and lets the event loop go on before it does. */
  constructor(turn: () => Promise<unknown>) {
    this.#turn = turn;
  }

  add(job: Job): void {
    this.#queue.push(job);
    if (this.#working) return;
    this.#working = true;
    // beside the caller; a rejection would be a bug, and unhandled it ends the process
    void this.#workOff();
  }

  async #workOff(): Promise<void> {
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) {
      for (let leftCpuMs = job.demandCpuMs; leftCpuMs > 0 && job.wanted; ) {
        await this.#turn();
        leftCpuMs -= burn(Math.min(leftCpuMs, sliceCpuMs));
      }
      if (job.wanted) job.done();
    }
    this.#working = false;
  }
}
