import { ProblemError, quote } from '../../shared/contract/problem.ts';

/** The error for a file of a results folder that the experiment did not write like this. */
export function damaged(file: string, what: string, got?: string): ProblemError {
  return new ProblemError({
    code: 'results-damaged',
    where: file,
    what,
    ...(got === undefined ? {} : { got: quote(got) }),
    fix: 'Remove the file, and resume the experiment: it measures what is missing.',
  });
}
