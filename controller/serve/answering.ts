import { formatProblem } from '../../shared/contract/problem.ts';
import type { Status } from '../../shared/contract/status.ts';
import type { Loop } from '../loop/loop.ts';
import type { Question, Reply } from './messages.ts';

/** The loop's side of the questions. JSON is made only where it is wanted, and once for each status. */
export class Answering {
  readonly #loop: Pick<Loop, 'status' | 'firstProblem'>;
  #status: Status | null = null;
  #version = 0;

  constructor(loop: Pick<Loop, 'status' | 'firstProblem'>) {
    this.#loop = loop;
  }

  answer({ wantsStatus, version }: Question): Reply {
    const startedMs = performance.now();
    const problem = this.#loop.firstProblem;
    const status = wantsStatus ? this.#newerThan(version) : null;
    const waitingFor = problem === null ? null : formatProblem(problem);
    return { waitingFor, status, tookMs: performance.now() - startedMs };
  }

  #newerThan(version: number): Reply['status'] {
    const { status } = this.#loop;
    if (status !== this.#status) {
      this.#status = status;
      this.#version += 1;
    }
    if (version === this.#version) return null;
    return { version: this.#version, json: new TextEncoder().encode(`${JSON.stringify(status)}\n`) };
  }
}
