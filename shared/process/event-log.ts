import { formatProblem, type Problem } from '../contract/problem.ts';
import type { Log } from './log.ts';

/** Logs a problem when it appears or turns into another, and once more when it is over. Silent in between. */
export class EventLog {
  readonly #log: Log;
  readonly #open = new Map<string, Problem['code']>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** What is known of `subject` now; null: all is well. `event` is the constant message. */
  report(event: string, subject: Readonly<Record<string, string>>, problem: Problem | null): void {
    const key = JSON.stringify([event, subject]);
    const before = this.#open.get(key);
    if (before === problem?.code) return;
    if (problem === null) {
      this.#open.delete(key);
      this.#log.info(`${event}: over`, subject);
      return;
    }
    this.#open.set(key, problem.code);
    this.#log.warn(event, { ...subject, code: problem.code, detail: formatProblem(problem) });
  }
}
