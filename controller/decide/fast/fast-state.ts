import type { FastState } from '../../../shared/contract/observation.ts';
import type { Order } from '../orders.ts';
import { fastWeight } from './fast-weight.ts';
import type { LookRow } from './look-row.ts';
import type { FastMemory } from './seen.ts';

/** A server's state as decisions see it. */
export function fastStateOf({ breaker, ramp, probeShare }: FastMemory): FastState {
  const { phase, errorShare, remainingMs } = breaker;
  switch (phase) {
    case 'closed':
      return { breaker: 'closed', errorShare: 0, remainingMs: 0, ramp: ramp.share };
    case 'probing':
      return { breaker: 'probing', errorShare, remainingMs: 0, ramp: probeShare };
    case 'open':
      return { breaker: 'open', errorShare, remainingMs, ramp: ramp.share };
    case 'judging':
      return { breaker: 'open', errorShare, remainingMs: 0, ramp: ramp.share };
  }
}

/** The weight that a server should have now; null: nothing is to be written. */
export function weightNow(memory: FastMemory, order: Order, row: LookRow, isLeastconn: boolean): number | null {
  if (row.status === 'away') return null;
  return fastWeight(order.full, fastStateOf(memory), isLeastconn);
}
