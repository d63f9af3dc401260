import { ProblemError } from '../../shared/contract/problem.ts';

/** The value of --seeds. Throws a ProblemError where it is not 1 to 1000. */
export function seedCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 1_000) return count;
  const expected = 'a whole number, 1 to 1000';
  throw new ProblemError({ code: 'usage', where: '--seeds', what: 'cannot be used', expected, got: `"${text}"` });
}
