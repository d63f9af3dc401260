import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '../../shared/contract/problem.ts';

export interface WaitOptions {
  /** In ms; 60,000 unless given. It is only a safety net: far beyond what even a busy machine needs. */
  readonly limitMs?: number;
  /** Ends the wait early: it then rejects with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

/** Pause between two questions, in ms. */
const pauseMs = 50;
const defaultLimitMs = 60_000;
/** How long an answer may take, in ms. */
const answerMs = 5_000;

/**
 * Asks again and again until the answer is not null or false, and returns it. Throws a ProblemError that names what was
 * waited for when the time is over.
 */
export async function until<Value>(
  what: string | (() => string),
  ask: () => Promise<Value | null | false> | Value | null | false,
  { limitMs = defaultLimitMs, signal }: WaitOptions = {},
): Promise<Value> {
  const end = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== false) return answer;
    if (performance.now() > end) {
      throw new ProblemError({
        code: 'command-failed',
        where: typeof what === 'string' ? what : what(),
        what: `did not come within ${limitMs / 1_000} s`,
        fix: 'Try again when the machine is less busy.',
      });
    }
    await sleep(pauseMs, undefined, { signal });
  }
}

/** Whether this URL is answered, with a status of success. */
export async function answers(url: string): Promise<boolean> {
  return await fetch(url, { signal: AbortSignal.timeout(answerMs) }).then(
    async ({ ok, body }) => {
      await body?.cancel();
      return ok;
    },
    () => false,
  );
}
