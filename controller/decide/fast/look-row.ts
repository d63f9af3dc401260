/** Totals that HAProxy has of one server; they start at 0 when it starts or reloads. */
export interface Totals {
  /** Answers 1xx to 4xx. */
  readonly ok: number;
  /** Answers 5xx, and what HAProxy counts as errors of the connection or the answer. */
  readonly errors: number;
  /** Answers 4xx, which are in `ok` too. */
  readonly clientErrors: number;
  /** Attempts to connect again, here or to another server, because this one refused or broke off. */
  readonly refused: number;
  /** Requests that were sent to it. */
  readonly started: number;
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
}

/** The totals that a look finds of a row. */
export function totalsOf({ ok, errors, clientErrors, refused, started }: Totals): Totals {
  return { ok, errors, clientErrors, refused, started };
}

/** What was counted between two looks; null where there was none before, or where the totals went back. Pure. */
export function between(before: Totals | null, now: Totals): Totals | null {
  if (before === null) return null;
  const counted = {
    ok: now.ok - before.ok,
    errors: now.errors - before.errors,
    clientErrors: now.clientErrors - before.clientErrors,
    refused: now.refused - before.refused,
    started: now.started - before.started,
  };
  return Object.values(counted).some((count) => count < 0) ? null : counted;
}
