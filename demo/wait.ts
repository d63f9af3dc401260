import { setTimeout as sleep } from 'node:timers/promises';

/** Pause between two looks, in ms. */
const pauseMs = 100;

/** Looks until it is so. Throws an Error that names what was waited for when the deadline has passed. */
export async function waitUntil(
  what: string,
  isSo: () => Promise<boolean>,
  { deadlineMs, signal }: { readonly deadlineMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`${what} did not come within ${deadlineMs / 1_000} s`);
    await sleep(pauseMs, undefined, { signal });
  }
}
