import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '../../shared/contract/problem.ts';

/** Pause between two looks, in ms. */
const pauseMs = 100;

/** Looks until it is so. Throws a ProblemError that names what was waited for when the deadline has passed. */
export async function waitUntil(
  what: string,
  isSo: () => Promise<boolean>,
  { deadlineMs, signal }: { readonly deadlineMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw tooLate(what, deadlineMs);
    await sleep(pauseMs, undefined, { signal });
  }
}

function tooLate(what: string, deadlineMs: number): ProblemError {
  return new ProblemError({
    code: 'command-failed',
    where: what,
    what: `did not come within ${deadlineMs / 1_000} s`,
    fix: 'Try again when the machine is less busy.',
  });
}
