/** A server's limits in one HAProxy. */
export interface Limits {
  /** `maxconn`; null: none. */
  limit: number | null;
  /** `minconn`; the same as `limit` where that is static. */
  leastLimit: number | null;
}

/** A backend as far as limits depend on it. */
export interface Occupancy {
  /** Requests of the backend, waiting ones too. */
  readonly sessions: number;
  /** null: HAProxy does not scale limits. */
  readonly fullconn: number | null;
}

/**
 * Most requests that the server may have now (`srv_dynamic_maxconn` in HAProxy's queue.c): a part of `maxconn` as large as the
 * backend's part of `fullconn` that is in use, but at least `minconn`. 0 without a limit, as in HAProxy.
 */
export function limitNow({ limit, leastLimit }: Limits, { sessions, fullconn }: Occupancy): number {
  const most = limit ?? 0;
  if (leastLimit === limit || fullconn === null || sessions >= fullconn) return most;
  return Math.max(leastLimit ?? 0, Math.floor((sessions * most) / fullconn));
}

export function hasRoom(server: Limits & { readonly served: number }, occupancy: Occupancy): boolean {
  return server.limit === null || server.served < limitNow(server, occupancy);
}

/** `set maxconn server`; 0 removes the limit. A static one takes its `minconn` along, as in HAProxy. */
export function changeLimit(server: Limits, limit: number): void {
  const isStatic = server.leastLimit === server.limit;
  server.limit = limit === 0 ? null : limit;
  if (isStatic) server.leastLimit = server.limit;
}
