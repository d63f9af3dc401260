import { burn } from './paced-cpu.ts';

/** Work is done in slices this long, so that the event loop goes on answering in between. */
export const sliceCpuMs = 1;

/** A request's work. `wanted` turns false when its client has gone; then it is dropped. */
export interface Job {
  readonly demandCpuMs: number;
  wanted: boolean;
  readonly done: () => void;
}

interface Begun {
  readonly job: Job;
  leftCpuMs: number;
}

/** Burns real CPU for some jobs at a time, slice by slice in turn (processor sharing); the others wait, first come first served. */
export class WorkQueue {
  readonly #turn: () => Promise<unknown>;
  readonly #atOnce: number;
  readonly #waiting: Job[] = [];
  /** The next slice is for the first one. */
  readonly #begun: Begun[] = [];
  #working = false;

  /** `turn` resolves when the next slice may be burnt, and lets the event loop go on before it does. `atOnce`: 1 or more. */
  constructor(turn: () => Promise<unknown>, atOnce: number) {
    this.#turn = turn;
    this.#atOnce = atOnce;
  }

  add(job: Job): void {
    this.#waiting.push(job);
    if (this.#working) return;
    this.#working = true;
    // beside the caller; a rejection would be a bug, and unhandled it ends the process
    void this.#workOff();
  }

  async #workOff(): Promise<void> {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (isUnfinished(next)) {
        await this.#turn();
        next.leftCpuMs -= burn(Math.min(next.leftCpuMs, sliceCpuMs));
      }
      if (isUnfinished(next)) this.#begun.push(next);
      else if (next.job.wanted) next.job.done();
    }
    this.#working = false;
  }

  #next(): Begun | undefined {
    while (this.#begun.length < this.#atOnce) {
      const job = this.#waiting.shift();
      if (job === undefined) break;
      this.#begun.push({ job, leftCpuMs: job.demandCpuMs });
    }
    return this.#begun.shift();
  }
}

function isUnfinished({ job, leftCpuMs }: Begun): boolean {
  return leftCpuMs > 0 && job.wanted;
}
