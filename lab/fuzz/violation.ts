import { formatProblem, type Problem, problemCodes } from '../../shared/contract/problem.ts';

/** What must never happen, whatever the input. */
export class Violation extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'Violation';
  }
}

export function demand(holds: boolean, what: string | (() => string)): asserts holds {
  if (!holds) throw new Violation(typeof what === 'string' ? what : what());
}

/** Longest line that input may put into a log or on a terminal, in characters. */
const maxLine = 3_200;

/** Throws unless the problem is one line of limited length without control characters. */
export function checkProblem(problem: Problem): void {
  demand(Object.hasOwn(problemCodes, problem.code), `unknown problem code: ${String(problem.code)}`);
  const line = formatProblem(problem);
  demand(!/\p{Cc}/u.test(line), 'a problem holds control characters');
  demand(line.length <= maxLine, () => `a problem of code ${problem.code} is ${line.length} characters long`);
}

export function demandCount(value: number | null, what: string, max = Number.MAX_SAFE_INTEGER): void {
  if (value === null) return;
  demand(Number.isInteger(value) && value >= 0 && value <= max, `${what} is ${value}`);
}
