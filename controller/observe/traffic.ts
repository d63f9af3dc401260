import type { StatRow } from '../../haproxy/runtime-api.ts';
import type { Flow, Traffic } from '../../shared/contract/observation.ts';

/** HAProxy's running totals for one server. */
export interface Counters {
  readonly ok: number;
  readonly errors: number;
  /** Responses 4xx, which are in `ok` too. */
  readonly clientErrors: number;
  /** Requests that another server got because this one refused them; HAProxy counts no error for it. */
  readonly redispatches: number;
  /** Attempts to connect again to the same server. */
  readonly retries: number;
  /** Requests that were sent to it. */
  readonly started: number;
  /** Requests that wait for it now: no total. */
  readonly queued: number;
  /** Whether HAProxy's row could not be read, so that these are not its totals. */
  readonly isUnknown?: true;
}

const unknown: Counters = {
  ok: 0,
  errors: 0,
  clientErrors: 0,
  redispatches: 0,
  retries: 0,
  started: 0,
  queued: 0,
  isUnknown: true,
};

/**
 * Totals of completed work and of errors. In HTTP mode by response class; in TCP mode HAProxy counts no responses, so
 * every session that did not end in an error counts as done.
 */
export function countersOf(row: StatRow): Counters {
  if (row.fault !== undefined) return unknown;
  const failed = row.connectionErrors + row.responseErrors;
  const { redispatches, retries, totalSessions: started, queued } = row;
  if (row.responses2xx === null) {
    const ok = Math.max(0, row.totalSessions - row.currentSessions - failed);
    return { ok, errors: failed, clientErrors: 0, redispatches, retries, started, queued };
  }
  const good = [row.responses1xx, row.responses2xx, row.responses3xx, row.responses4xx];
  const ok = good.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  const clientErrors = row.responses4xx ?? 0;
  return { ok, errors: (row.responses5xx ?? 0) + failed, clientErrors, redispatches, retries, started, queued };
}

/**
 * What happened between two readings; null where there was none before, or the totals went back to 0 (a reload). Requests that
 * were sent on to others are errors of a server that did nothing but refuse; one that only sometimes refuses is full.
 */
export function trafficBetween(before: Counters | null, now: Counters): Traffic | null {
  if (before === null || before.isUnknown || now.isUnknown) return null;
  if (now.ok < before.ok || now.errors < before.errors) return null;
  const redispatches = now.ok === before.ok ? Math.max(0, now.redispatches - before.redispatches) : 0;
  return {
    ok: now.ok - before.ok,
    errors: now.errors - before.errors + redispatches,
    clientErrors: Math.max(0, now.clientErrors - before.clientErrors),
  };
}

/** What was sent where between two readings; null where the traffic between them is not known. */
export function flowBetween(before: Counters | null, now: Counters): Flow | null {
  if (before === null || trafficBetween(before, now) === null) return null;
  return {
    started: Math.max(0, now.started - before.started),
    redispatches: Math.max(0, now.redispatches - before.redispatches),
    inFlightMean: null,
    queued: now.queued,
  };
}
