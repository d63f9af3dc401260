import type { Outcome } from '../../testbed/rig/load/outcome.ts';

/** A request that was sent in time and answered 200 by s1 a millisecond later; but for what is given. */
export function outcomeOf(but: Partial<Outcome> = {}): Outcome {
  return { atMs: 0, lagMs: 0, endedAtMs: 1, server: 's1', status: 200, failure: null, detail: null, ...but };
}

/** Answered, but not with 200. */
export function failedWith(status: number): Outcome {
  return outcomeOf({ server: null, status, failure: 'status' });
}

/** A kept connection that was closed before its answer. */
export const broken: Outcome = outcomeOf({
  server: null,
  status: null,
  failure: 'connection',
  detail: 'closed, reused connection',
});
