/** Totals that HAProxy has of one server; they start at 0 when it starts or reloads. */
export interface Totals {
  /** Answers 1xx to 4xx. */
  readonly ok: number;
  /** Answers 5xx, and what HAProxy counts as errors of the connection or the answer. */
  readonly errors: number;
  /** Answers 4xx, which are in `ok` too. */
  readonly clientErrors: number;
  /** Requests that were sent again, because this server refused them, broke off or answered an error. */
  readonly retries: number;
  /** Requests that were sent to another server instead. */
  readonly redispatches: number;
  /** Requests that were sent to it. */
  readonly started: number;
}

/** What was counted between two looks. */
export interface Counted extends Omit<Totals, 'retries' | 'redispatches'> {
  /** Requests that this server did not do, so that they were sent again. */
  readonly refused: number;
}

/** One server as a look finds it. */
export interface LookRow extends Totals {
  readonly server: string;
  /** `away`: in maintenance, or drained by an operator. */
  readonly status: 'up' | 'down' | 'away';
  readonly isBackup: boolean;
  /** HAProxy's weight, 0 to 256. */
  readonly weight: number;
  /** Requests in flight now, and those that wait for the server. */
  readonly inFlight: number;
  readonly queued: number;
  /** Most requests at once (`maxconn`); null: no limit. */
  readonly limit: number | null;
}

/** What a look finds of the backend as a whole. */
export interface BackendRow {
  /** Requests that wait in HAProxy for any server. */
  readonly waiting: number;
  /** Requests that no server had before `timeout queue` was over, since HAProxy started; null: not known. */
  readonly gaveUp: number | null;
}

/** The totals that a look finds of a row. */
export function totalsOf({ ok, errors, clientErrors, retries, redispatches, started }: Totals): Totals {
  return { ok, errors, clientErrors, retries, redispatches, started };
}

/**
 * What was counted between two looks; null where there was none before, or where the totals went back. An answer that was repeated
 * at another server is a retry and a redispatch (HAProxy 2.6 and 3.2), a connection that was only one of both. Pure.
 */
export function between(before: Totals | null, now: Totals): Counted | null {
  if (before === null) return null;
  const { retries, redispatches, ...counted } = {
    ok: now.ok - before.ok,
    errors: now.errors - before.errors,
    clientErrors: now.clientErrors - before.clientErrors,
    retries: now.retries - before.retries,
    redispatches: now.redispatches - before.redispatches,
    started: now.started - before.started,
  };
  if ([retries, redispatches, ...Object.values(counted)].some((count) => count < 0)) return null;
  return { ...counted, refused: Math.max(retries, redispatches) };
}
