import type { Outcome } from '../../testbed/rig/load/outcome.ts';
import type { Fault } from './schedule.ts';

/** A fault that was caused; times in ms since the start. `endMs`: when it was complete, such as when a new worker answered. */
export interface Done {
  readonly fault: Fault;
  readonly server: string | null;
  readonly startMs: number;
  readonly endMs: number;
}

/** A request that was not answered 200 at first, in ms since the start. */
export interface TroubleAt {
  readonly atMs: number;
  readonly outcome: Outcome;
  /** Whether it was sent again over a new connection; the outcome of that counts separately. */
  readonly retried: boolean;
}

/** After a reload the old worker closes idle connections, until `hard-stop-after` at the latest. */
const reloadMs = 20_000;
/** How long requests may still go to a killed server, in ms: HAProxy notices at its second check, 500 ms apart. */
const killedMs = 2_000;

/**
 * `reload`: the old worker closed a reused connection, and the client retried. `server killed`: the killed server had the
 * request. `unexplained`: everything else. A 503 is never explained, because some server could always have answered.
 */
export type Explanation = 'reload' | 'server killed' | 'unexplained';

export function explain({ atMs, outcome, retried }: TroubleAt, done: readonly Done[]): Explanation {
  const within = (fault: Fault, ms: number) =>
    done.some((each) => each.fault === fault && atMs >= each.startMs && atMs <= each.endMs + ms);
  const isLost = outcome.status === 502 || outcome.failure === 'connection';
  if (isLost && within('server killed', killedMs)) return 'server killed';
  return retried && within('reload', reloadMs) ? 'reload' : 'unexplained';
}

/** The outcome in a word or two. */
export function describe(outcome: Outcome): string {
  if (outcome.status !== null) return String(outcome.status);
  return outcome.detail === null ? `${outcome.failure}` : `${outcome.failure} (${outcome.detail})`;
}
