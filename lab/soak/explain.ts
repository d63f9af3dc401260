import type { Outcome } from '../../testbed/rig/load/outcome.ts';
import type { Fault } from './schedule.ts';

/** A fault that was done, in ms since the start. `endMs`: when it was complete, such as when a new worker answered. */
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
  /** It was sent once more over a new connection; what became of that counts by itself. */
  readonly retried: boolean;
}

/** After a reload the old worker closes idle connections, at most until it is stopped hard. */
const reloadMs = 20_000;
/** How long requests may still meet a server that was killed: HAProxy finds out at its second check, 500 ms apart. */
const killedMs = 2_000;

/**
 * `reload`: a reused connection that the old worker closed, retried as clients do. `server killed`: the request was with
 * it. `unexplained`: everything else, and always a 503, because there is always a server that could have answered.
 */
export type Explanation = 'reload' | 'server killed' | 'unexplained';

export function explain({ atMs, outcome, retried }: TroubleAt, done: readonly Done[]): Explanation {
  const within = (fault: Fault, ms: number) =>
    done.some((each) => each.fault === fault && atMs >= each.startMs && atMs <= each.endMs + ms);
  const isLost = outcome.status === 502 || outcome.failure === 'connection';
  if (isLost && within('server killed', killedMs)) return 'server killed';
  return retried && within('reload', reloadMs) ? 'reload' : 'unexplained';
}

/** What it was, in a word or two. */
export function describe(outcome: Outcome): string {
  if (outcome.status !== null) return String(outcome.status);
  return outcome.detail === null ? `${outcome.failure}` : `${outcome.failure} (${outcome.detail})`;
}
