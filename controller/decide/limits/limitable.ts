import type { Observation } from '../../../shared/contract/observation.ts';
import type {
  LimitMode,
  LimitReading,
  LimitReason,
  OpenCause,
  Refutation,
} from '../../../shared/contract/server-limit.ts';
import type { Orders } from '../orders.ts';

export interface LimitsInput {
  readonly mode: LimitMode;
  readonly observations: readonly Observation[];
  readonly orders: Orders;
  /** Since the tick before, in ms. */
  readonly elapsedMs: number;
}

/** One server that may have a limit. */
export interface Limitable {
  readonly observation: Observation;
  readonly reading: LimitReading;
}

/** What a server's limit should be, and why; null: the configured one. */
export interface Wanted {
  readonly limit: number | null;
  readonly reason: LimitReason;
}

/** Whether HAProxy sends new requests to a server that has no limit from us. */
export function takesWithoutLimit({ exclusion, takesRequests, currentWeight, limit }: Observation): boolean {
  return takesRequests && currentWeight > 0 && (exclusion !== null || limit === undefined || limit.otherWriter);
}

/** A server that fails at once is never full: beside limits it would get what the others may not. */
export function isAnyFailing(limitable: readonly Limitable[]): boolean {
  return limitable.some(({ observation, reading }) => observation.fast.breaker !== 'closed' || reading.suspended);
}

export function openReason(because: OpenCause, refuted: Refutation | null): LimitReason {
  return { code: 'open', because, refuted: because === 'refuted' ? refuted : null };
}
