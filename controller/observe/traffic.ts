import type { Traffic } from '../../contract/observation.ts';
import type { StatRow } from '../../haproxy/runtime-api.ts';

/** HAProxy's running totals for one server. */
export interface Counters {
  readonly ok: number;
  readonly errors: number;
}

/**
 * Totals of completed work and of errors. In HTTP mode by response class; in TCP mode HAProxy counts no responses, so
 * every session that did not end in an error counts as done. With `option redispatch` HAProxy counts a connection that was
 * refused as no error of the server, because another one took the request: the redispatch tells.
 */
export function countersOf(row: StatRow): Counters {
  const failed = row.connectionErrors + row.responseErrors + row.redispatches;
  if (row.responses2xx === null)
    return { ok: Math.max(0, row.totalSessions - row.currentSessions - failed), errors: failed };
  const good = [row.responses1xx, row.responses2xx, row.responses3xx, row.responses4xx];
  return { ok: good.reduce<number>((sum, count) => sum + (count ?? 0), 0), errors: (row.responses5xx ?? 0) + failed };
}

/** What happened between two readings; null where there was none before, or the totals went back to 0 (a reload). */
export function trafficBetween(before: Counters | null, now: Counters): Traffic | null {
  if (before === null || now.ok < before.ok || now.errors < before.errors) return null;
  return { ok: now.ok - before.ok, errors: now.errors - before.errors };
}
