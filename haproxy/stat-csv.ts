import { maxWeight } from '../shared/contract/limits.ts';
import { err, ok, type Result } from '../shared/contract/result.ts';
import { findColumns, RowReader, replyLines } from './reply.ts';

/** One backend or server as `show stat` has it. Counters start at 0 when HAProxy starts or reloads. */
export interface StatRow {
  readonly backend: string;
  /** The server's name, or BACKEND. */
  readonly name: string;
  readonly kind: 'backend' | 'server';
  /** HAProxy's words: UP, UP 1/3, DOWN, NOLB, MAINT, MAINT (via b/s), DRAIN, no check and more. */
  readonly status: string;
  /** `balance` of a backend; null for servers, and where the socket has level user. See `weightSupport`. */
  readonly algorithm: string | null;
  /** `http`, `tcp` and more; null where HAProxy does not say. */
  readonly mode: string | null;
  readonly isBackup: boolean;
  /** Whether `agent-check` is on, which writes this server's weight too. Always false on 2.4: `ServerState` tells it there. */
  readonly agentCheck: boolean;
  /** The weight that was last set; a backend's is the sum of its active servers. */
  readonly weight: number;
  /** The weight that HAProxy balances by: smaller than `weight` while slowstart throttles. */
  readonly effectiveWeight: number;
  /** Requests (in tcp mode: connections) being worked on now. */
  readonly currentSessions: number;
  /** Requests waiting in HAProxy for a free slot. */
  readonly queued: number;
  /** Most requests at once: `maxconn` of a server, `fullconn` of a backend; null: none, or HAProxy does not say. */
  readonly limit: number | null;
  readonly totalSessions: number;
  /** Responses by class since the start; null in tcp mode. */
  readonly responses1xx: number | null;
  readonly responses2xx: number | null;
  readonly responses3xx: number | null;
  readonly responses4xx: number | null;
  readonly responses5xx: number | null;
  readonly connectionErrors: number;
  readonly responseErrors: number;
  /** Attempts to connect to the same server again. */
  readonly retries: number;
  readonly redispatches: number;
  /** Percent of its weight that slowstart lets it have; null where slowstart is not at work. */
  readonly throttlePercent: number | null;
  /** How long it has been UP, in ms (HAProxy counts seconds); null while it is not, or where HAProxy does not say. */
  readonly upForMs: number | null;
  /** Whether the server line has `observe`, of either layer; left out: it has not. */
  readonly observesConnections?: true;
  /** Why this row cannot be used: what could not be read is 0 or empty. */
  readonly fault?: string;
}

const columnNames = [
  'pxname',
  'svname',
  'type',
  'status',
  'bck',
  'uweight',
  'scur',
  'stot',
  'hrsp_2xx',
  'hrsp_5xx',
  'econ',
  'eresp',
] as const;
const optionalColumns = [
  'algo',
  'mode',
  'agent_status',
  'weight',
  'qcur',
  'slim',
  'hrsp_1xx',
  'hrsp_3xx',
  'hrsp_4xx',
  'wretr',
  'wredis',
  'throttle',
  'lastchg',
  'hanafail',
] as const;
type Reader = RowReader<(typeof columnNames)[number] | (typeof optionalColumns)[number]>;

/** Values of the column `type`. Frontends (0) and listeners (3) have no weight and are passed over. */
const kinds = { '0': null, '1': 'backend', '2': 'server', '3': null } as const;

/**
 * All backends and servers of a reply to `show stat`, or why it cannot be one. Never a part of them. A row that cannot be read
 * costs only its own server: that one has a `fault`.
 */
export function parseStats(reply: string): Result<readonly StatRow[], string> {
  const lines = replyLines(reply);
  if (!lines.ok) return lines;
  const [header, ...rest] = lines.value;
  if (!header?.startsWith('# ')) return err('it has no header');
  const columns = findColumns(header.slice(2).split(','), columnNames, optionalColumns);
  if (!columns.ok) return columns;
  const records = joinQuotedLines(rest);
  if (!records.ok) return records;
  const reader: Reader = new RowReader(columns.value);
  const rows: StatRow[] = [];
  for (const [index, record] of records.value.entries()) {
    reader.next(splitRecord(record));
    if (reader.text('pxname') === '' || reader.text('svname') === '')
      return err(`row ${index + 1}: it names no server`);
    const kind = kindOf(reader);
    if (kind !== null) rows.push(readRow(reader, kind));
  }
  return ok(rows);
}

/** Where the type cannot be read, the name tells. */
function kindOf(reader: Reader): StatRow['kind'] | null {
  const name = reader.text('svname');
  const byName = name === 'FRONTEND' ? null : name === 'BACKEND' ? 'backend' : 'server';
  return reader.fault === null ? reader.choice('type', kinds, byName) : byName;
}

function readRow(reader: Reader, kind: StatRow['kind']): StatRow {
  const status = reader.text('status');
  const largestWeight = kind === 'server' ? maxWeight : Number.MAX_SAFE_INTEGER;
  const weight = reader.count('uweight', largestWeight);
  const row: StatRow = {
    backend: reader.text('pxname'),
    name: reader.text('svname'),
    kind,
    status,
    algorithm: reader.textOrNull('algo'),
    mode: reader.textOrNull('mode'),
    // A backend row counts its backup servers in this column.
    isBackup: kind === 'server' && reader.count('bck') > 0,
    agentCheck: reader.textOrNull('agent_status') !== null,
    weight,
    effectiveWeight: reader.textOrNull('weight') === null ? weight : reader.count('weight', largestWeight),
    currentSessions: reader.count('scur'),
    queued: reader.countOrNull('qcur') ?? 0,
    // 0 is how some replies say that there is none
    limit: reader.countOrNull('slim') || null,
    totalSessions: reader.count('stot'),
    responses1xx: reader.countOrNull('hrsp_1xx'),
    responses2xx: reader.countOrNull('hrsp_2xx'),
    responses3xx: reader.countOrNull('hrsp_3xx'),
    responses4xx: reader.countOrNull('hrsp_4xx'),
    responses5xx: reader.countOrNull('hrsp_5xx'),
    connectionErrors: reader.count('econ'),
    responseErrors: reader.count('eresp'),
    retries: reader.countOrNull('wretr') ?? 0,
    redispatches: reader.countOrNull('wredis') ?? 0,
    throttlePercent: reader.countOrNull('throttle'),
    upForMs: isUp(status) ? reader.ageMsOrNull('lastchg') : null,
  };
  // HAProxy counts failures that it observed only where it observes
  const observes = kind === 'server' && reader.textOrNull('hanafail') !== null;
  return {
    ...row,
    ...(observes ? { observesConnections: true as const } : {}),
    ...(reader.fault === null ? {} : { fault: reader.fault }),
  };
}

/** Whether HAProxy sends requests to a server of this status. */
export function isUp(status: string): boolean {
  return /^(?:UP|no check)/.test(status);
}

/** Check results hold foreign text, which HAProxy quotes; a line feed within quotes does not end the row. */
function joinQuotedLines(lines: readonly string[]): Result<readonly string[], string> {
  const records: string[] = [];
  let open: string[] | null = null;
  for (const line of lines) {
    // A quote within a field is doubled, so an odd number opens or closes one.
    const toggles = line.includes('"') && line.split('"').length % 2 === 0;
    if (open === null && !toggles) records.push(line);
    else if (open === null) open = [line];
    else {
      open.push(line);
      if (toggles) {
        records.push(open.join('\n'));
        open = null;
      }
    }
  }
  return open === null ? ok(records) : err('a quoted field has no end');
}

/** One field and the comma before it. Sticky: it stops at what is not CSV, and the row comes out too short. */
const csvField = /,(?:"([^"]*(?:""[^"]*)*)"|([^,"]*))(?=,|$)/gy;

function splitRecord(record: string): readonly string[] {
  // Nearly all rows have no quotes, and then this is several times as fast.
  if (!record.includes('"')) return record.split(',');
  return Array.from(
    `,${record}`.matchAll(csvField),
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
}
