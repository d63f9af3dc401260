import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks again and again until the answer is not null or false; fails loudly when it takes too long. The limit is only a
 * safety net: it is far beyond what even a busy machine needs.
 */
export async function until<Value>(
  what: string | (() => string),
  ask: () => Promise<Value | null | false> | Value | null | false,
  limitMs = 60_000,
): Promise<Value> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== false) return answer;
    if (performance.now() > deadline)
      throw new Error(`not within ${limitMs} ms: ${typeof what === 'string' ? what : what()}`);
    await delay(50);
  }
}
