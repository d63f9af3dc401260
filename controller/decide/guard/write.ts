import type { Decision, Reason } from '../../../shared/contract/decision.ts';
import type { Observation } from '../../../shared/contract/observation.ts';

/** Under roundrobin weights should stay for about this many requests per server before they change again. */
const patienceRequestsPerServer = 7;
/** ... but no longer than this many ticks: with little traffic, a change distorts nothing. */
const patienceTicks = 5;

/**
 * Whether roundrobin has had time to serve the present weights. Redrawing the weights of three servers every 20
 * requests kept the shares within 4 %, every 4 requests put them off by up to 88 % (docs/algorithm.md).
 */
export function hasSettled(requestsSinceWrite: number, ticksSinceWrite: number, servers: number): boolean {
  return requestsSinceWrite >= patienceRequestsPerServer * servers || ticksSinceWrite >= patienceTicks;
}

export interface WriteQuestion {
  readonly observation: Observation;
  /** The weight that the server should have, 0 to 256. */
  readonly weight: number;
  /** What we left in HAProxy at the last tick; null if nothing. */
  readonly leftWeight: number | null;
  readonly deadband: number;
  readonly settled: boolean;
  /** The server is ramping up or answers errors, so its weight does not wait. */
  readonly urgent: boolean;
}

/** What is left in HAProxy after this tick, and whether it has to be sent. */
export function decideWrite(question: WriteQuestion): Pick<Decision, 'weight' | 'write'> & { reasons: Reason[] } {
  const { weight, leftWeight, deadband, settled, urgent } = question;
  const current = question.observation.currentWeight;
  const keep = (because: 'deadband' | 'patience') => ({
    weight: current,
    write: false,
    reasons: [{ code: 'kept' as const, because, current }],
  });
  if (weight === current) return { weight, write: false, reasons: [] };
  const crossesZero = (weight === 0) !== (current === 0);
  if (crossesZero) return { weight, write: true, reasons: [] };
  if (Math.abs(weight - current) <= deadband * Math.max(weight, current)) return keep('deadband');
  const wasReset = leftWeight !== null && leftWeight !== current;
  if (!settled && !wasReset && !urgent) return keep('patience');
  return { weight, write: true, reasons: [] };
}
