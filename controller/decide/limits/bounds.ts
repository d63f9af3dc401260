import type { LimitReason, OpenCause } from '../../../shared/contract/server-limit.ts';
import { boundFor, fairParts, scales, timesFairPart } from './bound.ts';
import {
  isAnyFailing,
  type Limitable,
  type LimitsInput,
  openReason,
  takesWithoutLimit,
  type Wanted,
} from './limitable.ts';
import type { LimitsState } from './state.ts';

/** How long limits that scale stay off after they were found wrong the first time, in ms; then twice as long each time. */
const unboundMs = 600_000;
const mostDoublings = 6;

/** Limits that scale with the load: for all servers, or for none. One without would get what the others may not. Pure. */
export function decideBounds(
  limitable: readonly Limitable[],
  { observations, orders, elapsedMs }: LimitsInput,
  before: LimitsState,
): { readonly wanted: ReadonlyMap<string, Wanted>; readonly state: LimitsState } {
  const state = unboundAfter(before, limitable, elapsedMs);
  const parts = fairParts(observations, orders);
  const times = timesFairPart(parts.values());
  const cause = whyUnbound(limitable, observations, state);
  const wanted = limitable.map(({ observation: { server }, reading: { fullconn } }): [string, Wanted] => {
    const part = parts.get(server) ?? 1;
    const reason: LimitReason = cause === null ? { code: 'bound', part, times } : openReason(cause, state.unbound);
    return [server, { limit: cause === null ? boundFor(part, times, fullconn ?? 0) : null, reason }];
  });
  return { wanted: new Map(wanted), state };
}

function whyUnbound(
  limitable: readonly Limitable[],
  observations: LimitsInput['observations'],
  { unboundForMs }: LimitsState,
): OpenCause | null {
  if (unboundForMs > 0) return 'refuted';
  if (!limitable.every(({ reading }) => scales(reading))) return 'limits-differ';
  if (isAnyFailing(limitable)) return 'failing';
  return observations.some(takesWithoutLimit) ? 'another-open' : null;
}

/** What makes one limit that scales wrong (a server line without `minconn`, sessions that are bound to a server) concerns all. */
function unboundAfter(before: LimitsState, limitable: readonly Limitable[], elapsedMs: number): LimitsState {
  const [refuted] = limitable.flatMap(({ reading }) => reading.refuted ?? []).toSorted();
  if (refuted === undefined) return { ...before, unboundForMs: Math.max(0, before.unboundForMs - elapsedMs) };
  const { timesUnbound } = before;
  const unboundForMs = unboundMs * 2 ** Math.min(mostDoublings, timesUnbound);
  return { ...before, unboundForMs, unbound: refuted, timesUnbound: timesUnbound + 1 };
}
