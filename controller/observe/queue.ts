import type { StatRow } from '../../haproxy/runtime-api.ts';
import { sum } from '../../shared/math/statistics.ts';

/** HAProxy's queue of one backend: the requests that any server may have. */
export interface BackendQueue {
  readonly waiting: number;
  /** Requests that no server had before `timeout queue` was over, since HAProxy started; null: not known. */
  readonly gaveUp: number | null;
}

/** From a backend's rows. Where its own cannot be read nothing is known. Pure. */
export function queueOf(rows: readonly StatRow[]): BackendQueue {
  const whole = rows.find(({ kind }) => kind === 'backend');
  if (whole === undefined || whole.fault !== undefined) return { waiting: 0, gaveUp: null };
  const servers = rows.filter(({ kind }) => kind === 'server');
  const isKnown = servers.every(({ fault }) => fault === undefined);
  const ofServers = sum(servers.map(({ connectionErrors }) => connectionErrors));
  // HAProxy (2.6 to 3.2) counts them as connection errors of the backend, and of no server
  return { waiting: whole.queued, gaveUp: isKnown ? Math.max(0, whole.connectionErrors - ofServers) : null };
}
