import { percentile } from '../../shared/math/statistics.ts';
import type { Cell } from './record.ts';

/** If one request in a hundred is sent later than this, in ms, the generator did not offer the load it should. */
export const maxLagMs = 50;

/** How late requests were sent, in ms. */
export function lagOf(outcomes: readonly { readonly lagMs: number }[]): Cell['generator'] {
  const lags = outcomes.map(({ lagMs }) => lagMs).toSorted((a, b) => a - b);
  return { p99LagMs: Math.round(percentile(lags, 0.99) ?? 0), maxLagMs: Math.round(lags.at(-1) ?? 0) };
}

/** Why a cell does not count, as a clause; null: it does. */
export function discardReason({ p99LagMs }: Cell['generator']): string | null {
  return p99LagMs > maxLagMs ? `the generator lagged: ${p99LagMs} ms at the 99th percentile` : null;
}
