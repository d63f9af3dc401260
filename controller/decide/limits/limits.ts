import type { LimitDecision, LimitMode } from '../../../shared/contract/server-limit.ts';
import { decideProven } from './all-proven.ts';
import { scales } from './bound.ts';
import { decideBounds } from './bounds.ts';
import type { Limitable, LimitsInput, Wanted } from './limitable.ts';
import { openStep } from './open.ts';
import type { LimitsState } from './state.ts';

export interface LimitsOutcome {
  /** By server; none where a server can have no limit (tcp mode), is not in rotation, or limits are off. */
  readonly limits: ReadonlyMap<string, LimitDecision>;
  readonly state: LimitsState;
}

/** A limit that scales is not written while it differs from HAProxy's by no more than this part. */
const deadband = 0.05;

/**
 * Each server's limit: in proportion to its weight where HAProxy scales limits with the load, else what is proven; where neither
 * can be had, the configured one. A limit that is too low is an outage, so whatever is not known opens it. Pure.
 */
export function decideLimits(input: LimitsInput, before: LimitsState): LimitsOutcome {
  const { mode, observations } = input;
  const limitable = observations.flatMap((observation): Limitable[] =>
    mode === 'off' || observation.exclusion !== null || observation.limit === undefined
      ? []
      : [{ observation, reading: observation.limit }],
  );
  const isScaled = limitable.some(({ reading }) => scales(reading));
  const { wanted, state } = isScaled ? decideBounds(limitable, input, before) : decideProven(limitable, input, before);
  const limits = limitable.flatMap((each): [string, LimitDecision][] => {
    const { server } = each.observation;
    const own = wanted.get(server);
    return own === undefined ? [] : [[server, decisionOf(each, own, mode)]];
  });
  return { limits: new Map(limits), state };
}

function decisionOf({ observation, reading }: Limitable, { limit, reason }: Wanted, mode: LimitMode): LimitDecision {
  const { now, configured, otherWriter } = reading;
  if (otherWriter) return { limit: now, write: false, reason };
  if (limit === null) {
    const next =
      mode === 'on' ? openStep(now, configured, observation.inFlight, observation.flow?.queued ?? 0) : configured;
    return { limit: next, write: mode === 'on' && next !== now, reason };
  }
  const isNear = reason.code === 'bound' && now !== null && isWithin(limit, now);
  return { limit: isNear ? now : limit, write: mode === 'on' && !isNear && limit !== now, reason };
}

function isWithin(limit: number, now: number): boolean {
  return Math.abs(limit - now) <= deadband * Math.max(limit, now);
}
