import { maxLimit } from '../../../shared/contract/limits.ts';

/** A limit that goes up while requests wait rises by this factor a step. */
const step = 4;

/**
 * The next limit on the way to the configured one (null: none). The server whose limit goes at once would get all requests that
 * wait, so while any wait, limits rise by steps that share them. `waiting`: its part of them. Pure.
 */
export function openStep(
  now: number | null,
  configured: number | null,
  inFlight: number,
  waiting: number,
): number | null {
  if (now === null || waiting === 0) return configured;
  const next = step * Math.max(now, inFlight + waiting);
  return Math.min(next, configured ?? maxLimit);
}
