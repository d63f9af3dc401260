import { formatProblem, type Problem } from '../contract/problem.ts';
import type { Logger } from './logger.ts';

/** Logs a problem when it appears or turns into another, and once more when it is over. Silent in between. */
export class EventLog {
  readonly #logger: Logger;
  readonly #open = new Map<string, Problem['code']>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** What is known of `subject` now; null: all is well. `event` is the constant message. */
  report(event: string, subject: Readonly<Record<string, string>>, problem: Problem | null): void {
    const key = JSON.stringify([event, subject]);
    const before = this.#open.get(key);
    if (before === problem?.code) return;
    if (problem === null) {
      this.#open.delete(key);
      this.#logger.info(`${event}: over`, subject);
      return;
    }
    this.#open.set(key, problem.code);
    this.#logger.warn(event, { ...subject, code: problem.code, detail: formatProblem(problem) });
  }
}
