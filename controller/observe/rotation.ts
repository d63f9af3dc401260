import { isValidName } from '../../haproxy/commands.ts';
import type { ServerState, StatRow } from '../../haproxy/runtime-api.ts';
import { isUp } from '../../haproxy/stat-csv.ts';
import type { Exclusion } from '../../shared/contract/observation.ts';

/*
 * Four questions about a server, from what HAProxy says of it: does agent-check write its weight, is it ours at all, is it ours
 * and in rotation now, does it take requests. All pure.
 */

type StateFacts = Pick<
  ServerState,
  'server' | 'configuredWeight' | 'weight' | 'adminState' | 'operationalState' | 'agentCheck' | 'fault'
>;
type LastingFacts = Omit<StateFacts, 'adminState' | 'operationalState'>;
type RowFacts = Pick<StatRow, 'kind' | 'status' | 'isBackup' | 'agentCheck' | 'fault'>;

/** Whether agent-check writes the server's weight too: two writers of one weight. 2.4 says so in the state only. */
export function isAgentChecked(
  state: Pick<StateFacts, 'agentCheck'>,
  row: Pick<RowFacts, 'kind' | 'agentCheck'>,
): boolean {
  return state.agentCheck === 'on' || (row.kind === 'server' && row.agentCheck);
}

/**
 * Why the server's weight is never ours under this configuration, most lasting reason first; null: it is ours. A server that
 * the configuration keeps at 0 is ours while it has another weight: an ingress controller or an operator put it into service.
 * `isOurZero`: weight 0 is our decision.
 */
export function whyNotOurs(
  state: LastingFacts,
  row: Pick<RowFacts, 'kind' | 'isBackup' | 'agentCheck' | 'fault'>,
  isOurZero = false,
): Exclusion | null {
  if (!isValidName(state.server)) return 'name-invalid';
  if (state.fault !== undefined || row.fault !== undefined) return 'unreadable';
  if (isAgentChecked(state, row)) return 'agent-check';
  if (row.isBackup) return 'backup';
  return state.configuredWeight === 0 && state.weight === 0 && !isOurZero ? 'configured-zero' : null;
}

/** Why the server's weight is left alone now, most lasting reason first; null: it is ours and in rotation. */
export function exclusionOf(state: StateFacts, row: RowFacts, isOurZero = false): Exclusion | null {
  const notOurs = whyNotOurs(state, row, isOurZero);
  if (notOurs !== null) return notOurs;
  // the status knows it too, whatever bits the admin state of this version has
  if (state.adminState.maintenance || row.status.startsWith('MAINT')) return 'maintenance';
  if (state.adminState.drain || row.status.startsWith('DRAIN')) return 'drain';
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
