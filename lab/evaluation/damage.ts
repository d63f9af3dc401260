import { ProblemError, quote } from '../../shared/contract/problem.ts';

/** Thrown for a file of a results folder that is not what the experiment wrote. */
export function damaged(file: string, what: string, got?: string): ProblemError {
  return new ProblemError({
    code: 'results-damaged',
    where: file,
    what,
    ...(got === undefined ? {} : { got: quote(got) }),
    fix: 'Remove the file, and resume the experiment: it measures what is missing.',
  });
}
