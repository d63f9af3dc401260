import type { Agenda } from './agenda.ts';
import { Queue } from './queue.ts';
import type { Request } from './request.ts';

interface Wait {
  readonly request: Request;
  readonly stage: number;
  readonly dueMs: number;
}

/** `timeout server` or `timeout queue`: ends the wait of requests that stay in one stage too long. Earliest first. */
export class Timeout {
  readonly #agenda: Agenda;
  readonly #lengthMs: number;
  readonly #slot: number;
  readonly #waits = new Queue<Wait>();

  constructor(agenda: Agenda, lengthMs: number, onTimeout: (request: Request, nowMs: number) => void) {
    this.#agenda = agenda;
    this.#lengthMs = lengthMs;
    this.#slot = agenda.slot((nowMs) => this.#expire(nowMs, onTimeout));
  }

  /** The request has come to a stage. */
  start(request: Request, nowMs: number): void {
    const dueMs = nowMs + this.#lengthMs;
    this.#waits.push({ request, stage: request.stage, dueMs });
    if (this.#waits.size === 1) this.#agenda.set(this.#slot, dueMs);
  }

  /** Requests that are still in that stage. */
  pending(): Request[] {
    return this.#waits
      .items()
      .filter(isPending)
      .map(({ request }) => request);
  }

  /** Removes those that have gone on only here, so that going on costs nothing. */
  #expire(nowMs: number, onTimeout: (request: Request, nowMs: number) => void): void {
    for (let first = this.#waits.first; first !== undefined; first = this.#waits.first) {
      if (isPending(first) && first.dueMs > nowMs) {
        this.#agenda.set(this.#slot, first.dueMs);
        return;
      }
      this.#waits.shift();
      if (isPending(first)) onTimeout(first.request, nowMs);
    }
  }
}

function isPending({ request, stage }: Wait): boolean {
  return !request.over && request.stage === stage;
}
