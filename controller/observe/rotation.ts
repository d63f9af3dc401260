import { isValidName } from '../../haproxy/commands.ts';
import type { ServerState, StatRow } from '../../haproxy/runtime-api.ts';
import { isUp } from '../../haproxy/stat-csv.ts';
import type { Exclusion } from '../../shared/contract/observation.ts';

/*
 * Four questions about a server, from what HAProxy says of it: does agent-check write its weight, is it ours at all, is it ours
 * and in rotation now, does it take requests. All pure.
 */

type StateFacts = Pick<ServerState, 'server' | 'configuredWeight' | 'adminState' | 'operationalState'>;
type RowFacts = Pick<StatRow, 'kind' | 'status' | 'isBackup' | 'agentCheck'>;

/** Whether agent-check writes the server's weight too: two writers of one weight. */
export function isAgentChecked({ kind, agentCheck }: Pick<RowFacts, 'kind' | 'agentCheck'>): boolean {
  return kind === 'server' && agentCheck;
}

/** Why the server's weight is never ours under this configuration, most lasting reason first; null: it is ours. */
export function whyNotOurs(
  { server, configuredWeight }: Pick<StateFacts, 'server' | 'configuredWeight'>,
  row: Pick<RowFacts, 'kind' | 'isBackup' | 'agentCheck'>,
): Exclusion | null {
  if (!isValidName(server)) return 'name-invalid';
  if (isAgentChecked(row)) return 'agent-check';
  if (row.isBackup) return 'backup';
  return configuredWeight === 0 ? 'configured-zero' : null;
}

/** Why the server's weight is left alone now, most lasting reason first; null: it is ours and in rotation. */
export function exclusionOf(
  state: StateFacts,
  row: Pick<RowFacts, 'kind' | 'isBackup' | 'agentCheck'>,
): Exclusion | null {
  const notOurs = whyNotOurs(state, row);
  if (notOurs !== null) return notOurs;
  if (state.adminState.maintenance) return 'maintenance';
  if (state.adminState.drain) return 'drain';
  // `stopping` is a failing or leaving server that HAProxy sends no new requests
  return state.operationalState === 'running' || state.operationalState === 'starting' ? null : 'down';
}

/**
 * Whether HAProxy sends the server requests while its weight is above 0. It does not matter who sets that weight: a server
 * that is not ours answers clients too. By `show stat` alone, so that a rescue needs only one exchange. A backup server does
 * not count: HAProxy uses it only when no other is up.
 */
export function takesRequests({ kind, status, isBackup }: Pick<RowFacts, 'kind' | 'status' | 'isBackup'>): boolean {
  return kind === 'server' && !isBackup && isUp(status);
}

/** The rows of servers, by name. */
export function serverRows(rows: readonly StatRow[]): ReadonlyMap<string, StatRow> {
  return new Map(rows.filter(({ kind }) => kind === 'server').map((row) => [row.name, row]));
}
