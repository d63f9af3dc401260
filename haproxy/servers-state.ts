import { maxWeight } from '../shared/contract/limits.ts';
import { err, ok, type Result } from '../shared/contract/result.ts';
import { findColumns, RowReader, replyLines } from './reply.ts';

export type OperationalState = 'stopped' | 'starting' | 'running' | 'stopping';

/** One server as `show servers state` has it. */
export interface ServerState {
  readonly backend: string;
  readonly server: string;
  /** IP address; null where it has none: a UNIX socket, or a name that is not resolved yet. */
  readonly address: string | null;
  /** null where it has none of its own: an offset to the client's port. */
  readonly port: number | null;
  readonly operationalState: OperationalState;
  /** What keeps it out of rotation whatever its health: set by an operator, the configuration, a tracked server or DNS. */
  readonly adminState: { readonly maintenance: boolean; readonly drain: boolean };
  /** The weight that was last set, 0 to 256; what `setWeights` changes. */
  readonly weight: number;
  /** The weight that the configuration gives it, 0 to 256. */
  readonly configuredWeight: number;
  /** Since when it has been in this operational state, in ms (HAProxy counts seconds); null if it does not say. */
  readonly inStateForMs: number | null;
  /** The same while it is up (starting or running), in ms; null while it is not. */
  readonly upForMs: number | null;
}

/** The only format that HAProxy has had so far; its first line says which one it is. */
const formatVersion = '1';

const columnNames = [
  'be_name',
  'srv_name',
  'srv_addr',
  'srv_port',
  'srv_op_state',
  'srv_admin_state',
  'srv_uweight',
  'srv_iweight',
  'srv_time_since_last_change',
] as const;

const operationalStates: Readonly<Record<string, OperationalState>> = {
  '0': 'stopped',
  '1': 'starting',
  '2': 'running',
  '3': 'stopping',
};

/** Bits of srv_admin_state: forced, inherited, configured, by resolution, by host name. */
const maintenanceBits = 0x01 | 0x02 | 0x04 | 0x20 | 0x40;
/** Forced and inherited. */
const drainBits = 0x08 | 0x10;
const maxAdminState = 0xffff;

/** All servers of a reply to `show servers state`, or why it cannot be one. Never a part of them. */
export function parseServersState(reply: string): Result<readonly ServerState[], string> {
  const lines = replyLines(reply);
  if (!lines.ok) return lines;
  const [version, header, ...rows] = lines.value;
  if (version !== formatVersion) return err(`it is not format version ${formatVersion} of "show servers state"`);
  if (!header?.startsWith('# ')) return err('it has no header');
  const columns = findColumns(header.slice(2).split(' '), columnNames);
  if (!columns.ok) return columns;
  const reader = new RowReader(columns.value);
  const servers = rows.map((row) => readServer(reader, row.split(' ')));
  return reader.fault === null ? ok(servers) : err(reader.fault);
}

function readServer(reader: RowReader<(typeof columnNames)[number]>, fields: readonly string[]): ServerState {
  reader.next(fields);
  const address = reader.text('srv_addr');
  const adminState = reader.count('srv_admin_state', maxAdminState);
  const operationalState = reader.choice('srv_op_state', operationalStates, 'stopped');
  const inStateForMs = reader.ageMsOrNull('srv_time_since_last_change');
  return {
    backend: reader.text('be_name'),
    server: reader.text('srv_name'),
    address: address === '-' ? null : address,
    port: reader.count('srv_port', 65_535),
    operationalState,
    adminState: { maintenance: (adminState & maintenanceBits) !== 0, drain: (adminState & drainBits) !== 0 },
    weight: reader.count('srv_uweight', maxWeight),
    configuredWeight: reader.count('srv_iweight', maxWeight),
    inStateForMs,
    upForMs: operationalState === 'running' || operationalState === 'starting' ? inStateForMs : null,
  };
}
