import type { Decision } from '../../../shared/contract/decision.ts';
import type { LimitDecision, LimitMode, LimitReading } from '../../../shared/contract/server-limit.ts';
import type { OrderedLimit, Orders } from '../orders.ts';
import { scales } from './bound.ts';
import type { LimitsInput } from './limitable.ts';
import { decideLimits } from './limits.ts';
import type { LimitsState } from './state.ts';

export interface WithLimits {
  readonly decisions: readonly Decision[];
  readonly orders: Orders;
  readonly state: LimitsState;
}

/** A tick's decisions and orders, with the limits of the servers. Pure. */
export function withLimits(
  decisions: readonly Decision[],
  { limits: mode, observations, orders, elapsedMs }: Omit<LimitsInput, 'mode'> & { readonly limits: LimitMode },
  before: LimitsState,
): WithLimits {
  const { limits, state } = decideLimits({ mode, observations, orders, elapsedMs }, before);
  if (limits.size === 0) return { decisions, orders, state };
  const readings = new Map(observations.map(({ server, limit }) => [server, limit]));
  const orderOf = (server: string) => orderedLimit(readings.get(server), limits.get(server));
  return {
    decisions: decisions.map((decision) => {
      const limit = limits.get(decision.server);
      return limit === undefined ? decision : { ...decision, limit };
    }),
    orders: new Map([...orders].map(([server, order]) => [server, { ...order, limit: orderOf(server) }])),
    state,
  };
}

function orderedLimit(reading: LimitReading | undefined, decided: LimitDecision | undefined): OrderedLimit | null {
  if (reading === undefined || decided === undefined || reading.otherWriter) return null;
  const { configured, fullconn } = reading;
  const most = decided.reason.code === 'open' ? null : decided.limit;
  return { most, fullconn: scales(reading) ? fullconn : null, configured };
}
