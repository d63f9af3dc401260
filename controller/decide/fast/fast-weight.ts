import type { Reason } from '../../../shared/contract/decision.ts';
import type { FastState } from '../../../shared/contract/observation.ts';

/** Whether its breaker keeps requests from the server. */
export function isEjected({ breaker }: FastState): boolean {
  return breaker !== 'closed';
}

/** Whether a server may not have its full weight now. */
export function isHeldBack({ breaker, ramp }: FastState): boolean {
  return breaker !== 'closed' || ramp < 1;
}

/**
 * The weight that HAProxy gets for a full weight of 0 to 256. A drained server has 0. One whose breaker is open has 0 under
 * leastconn, which sends requests to an idle server at any weight above 0. Elsewhere it has 1, or 0 if its full weight is 1.
 * Pure.
 */
export function fastWeight(full: number, { breaker, ramp }: Pick<FastState, 'breaker' | 'ramp'>, isLeastconn: boolean) {
  if (full === 0) return 0;
  if (breaker === 'open') return isLeastconn || full === 1 ? 0 : 1;
  return Math.max(1, Math.round(full * ramp));
}

/** Why a server does not have its full weight. */
export function fastReasons({ breaker, errorShare, remainingMs, ramp }: FastState): Reason[] {
  if (breaker === 'open' && remainingMs > 0) return [{ code: 'ejected', share: errorShare, remainingMs }];
  if (breaker !== 'closed') return [{ code: 'probed', share: errorShare }];
  return ramp < 1 ? [{ code: 'ramp', factor: ramp }] : [];
}
