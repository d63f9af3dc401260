import type { StatRow } from '../../haproxy/runtime-api.ts';
import { isUp } from '../../haproxy/stat-csv.ts';
import type { LookRow } from '../decide/fast/look-row.ts';
import type { ServerView } from '../observe/haproxy-view.ts';
import { type Counters, countersOf } from '../observe/traffic.ts';

/** The servers of a reply to `show stat`. One whose row cannot be read is left out. */
export function lookRowsOf(rows: readonly StatRow[]): LookRow[] {
  return rows
    .filter(({ kind, fault }) => kind === 'server' && fault === undefined)
    .map((row) => {
      const { name: server, isBackup, weight, currentSessions: inFlight, limit } = row;
      return rowOf({ server, status: statusOf(row.status), isBackup, weight, inFlight, limit }, countersOf(row));
    });
}

/** The same of a tick's reading. */
export function lookRowsOfView(servers: readonly ServerView[]): LookRow[] {
  return servers
    .filter(({ counters }) => counters.isUnknown !== true)
    .map(({ server, haproxyStatus, exclusion, currentWeight: weight, inFlight, limit, counters }) => {
      const status = exclusion === 'maintenance' || exclusion === 'drain' ? 'away' : statusOf(haproxyStatus);
      return rowOf({ server, status, isBackup: exclusion === 'backup', weight, inFlight, limit }, counters);
    });
}

function rowOf(
  facts: Pick<LookRow, 'server' | 'status' | 'isBackup' | 'weight' | 'inFlight' | 'limit'>,
  { ok, errors, clientErrors, redispatches, retries, started, queued }: Counters,
): LookRow {
  return { ...facts, ok, errors, clientErrors, retries, redispatches, started, queued };
}

function statusOf(status: string): LookRow['status'] {
  if (isUp(status)) return 'up';
  return status.startsWith('DOWN') ? 'down' : 'away';
}
