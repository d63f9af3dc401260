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
  /** What keeps it out of rotation whatever its health: set by an operator, a tracked server or DNS. */
  readonly adminState: { readonly maintenance: boolean; readonly drain: boolean };
  /** The weight that was last set, 0 to 256; what `setWeights` changes. */
  readonly weight: number;
  /** The weight that the configuration gives it, 0 to 256. */
  readonly configuredWeight: number;
  /** Since when it has been in this operational state, in ms (HAProxy counts seconds); null if it does not say. */
  readonly inStateForMs: number | null;
  /** The same while it is up (starting or running), in ms; null while it is not. */
  readonly upForMs: number | null;
  /** The name of the SRV record that it comes from. HAProxy sets its weight at every answer, unless told not to. */
  readonly srvRecord?: string;
  /** Whether agent-check is on (which writes the weight), or configured and switched off; left out: there is none. */
  readonly agentCheck?: 'on' | 'off';
  /** Bits of the admin state that haweight does not know, such as those of a newer version; left out: none. */
  readonly unknownBits?: number;
  /** Why this row cannot be used: its other values are then meaningless, but for backend and server. */
  readonly fault?: string;
}

/** The only format that HAProxy has had so far; its first line says which one it is. */
const formatVersion = '1';

const columnNames = ['be_name', 'srv_name', 'srv_op_state', 'srv_admin_state', 'srv_uweight', 'srv_iweight'] as const;
const optionalColumns = ['srv_addr', 'srv_port', 'srv_time_since_last_change', 'srv_agent_state', 'srvrecord'] as const;
type Reader = RowReader<(typeof columnNames)[number] | (typeof optionalColumns)[number]>;

const operationalStates: Readonly<Record<string, OperationalState>> = {
  '0': 'stopped',
  '1': 'starting',
  '2': 'running',
  '3': 'stopping',
};

/** Bits of srv_admin_state that keep a server in maintenance: forced, inherited, and no address (SRV_ADMF_MAINT of HAProxy). */
const maintenanceBits = 0x01 | 0x02 | 0x20;
/** Forced and inherited. */
const drainBits = 0x08 | 0x10;
/** They only tell history: the configuration says `disabled`; the host name was set at run time, as by a SRV answer. */
const historyBits = 0x04 | 0x40;
const maxAdminState = 0xffff_ffff;

/** Bits of srv_agent_state (CHK_ST_CONFIGURED and CHK_ST_ENABLED of HAProxy). `disable agent` clears the second. */
const agentConfigured = 0x02;
const agentEnabled = 0x04;

const maxPort = 65_535;

/**
 * All servers of a reply to `show servers state`, or why it cannot be one. Never a part of them. A row that cannot be read
 * costs only its own server: that one has a `fault`.
 */
export function parseServersState(reply: string): Result<readonly ServerState[], string> {
  const lines = replyLines(reply);
  if (!lines.ok) return lines;
  const [version, header, ...rows] = lines.value;
  if (version !== formatVersion) return err(`it is not format version ${formatVersion} of "show servers state"`);
  if (!header?.startsWith('# ')) return err('it has no header');
  const columns = findColumns(header.slice(2).trimEnd().split(' '), columnNames, optionalColumns);
  if (!columns.ok) return columns;
  const reader: Reader = new RowReader(columns.value);
  const servers = rows.map((row) => readServer(reader, row.trimEnd().split(' ')));
  const nameless = servers.findIndex(({ backend, server }) => backend === '' || server === '');
  return nameless < 0 ? ok(servers) : err(`row ${nameless + 1}: it names no server`);
}

function readServer(reader: Reader, fields: readonly string[]): ServerState {
  reader.next(fields);
  const adminState = reader.count('srv_admin_state', maxAdminState);
  const operationalState = reader.choice('srv_op_state', operationalStates, 'stopped');
  const inStateForMs = reader.ageMsOrNull('srv_time_since_last_change');
  const state: ServerState = {
    backend: reader.text('be_name'),
    server: reader.text('srv_name'),
    address: reader.textOrNull('srv_addr'),
    port: portOf(reader.text('srv_port')),
    operationalState,
    adminState: { maintenance: hasBit(adminState, maintenanceBits), drain: hasBit(adminState, drainBits) },
    weight: reader.count('srv_uweight', maxWeight),
    configuredWeight: reader.count('srv_iweight', maxWeight),
    inStateForMs,
    upForMs: operationalState === 'running' || operationalState === 'starting' ? inStateForMs : null,
  };
  const srvRecord = reader.textOrNull('srvrecord');
  const agentCheck = agentCheckOf(reader.text('srv_agent_state'));
  const unknownBits = (adminState & ~(maintenanceBits | drainBits | historyBits)) >>> 0;
  return {
    ...state,
    ...(srvRecord === null ? {} : { srvRecord }),
    ...(agentCheck === null ? {} : { agentCheck }),
    ...(unknownBits === 0 ? {} : { unknownBits }),
    ...(reader.fault === null ? {} : { fault: reader.fault }),
  };
}

function hasBit(state: number, bits: number): boolean {
  return (state & bits) !== 0;
}

/** HAProxy prints an offset to the client's port (`:-10`) as 4294967286: that is not a port. */
function portOf(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : maxPort + 1;
  return port <= maxPort ? port : null;
}

function agentCheckOf(text: string): 'on' | 'off' | null {
  const state = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (!hasBit(state, agentConfigured)) return null;
  return hasBit(state, agentEnabled) ? 'on' : 'off';
}
