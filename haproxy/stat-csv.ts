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
  /** Whether `agent-check` is on, which writes this server's weight too. */
  readonly agentCheck: boolean;
  /** The weight that was last set; a backend's is the sum of its active servers. */
  readonly weight: number;
  /** The weight that HAProxy balances by: smaller than `weight` while slowstart throttles. */
  readonly effectiveWeight: number;
  /** Requests (in tcp mode: connections) being worked on now. */
  readonly currentSessions: number;
  /** Requests waiting in HAProxy for a free slot. */
  readonly queued: number;
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
}

const columnNames = [
  'pxname',
  'svname',
  'type',
  'status',
  'algo',
  'mode',
  'bck',
  'agent_status',
  'uweight',
  'weight',
  'scur',
  'qcur',
  'stot',
  'hrsp_1xx',
  'hrsp_2xx',
  'hrsp_3xx',
  'hrsp_4xx',
  'hrsp_5xx',
  'econ',
  'eresp',
  'wretr',
  'wredis',
  'throttle',
  'lastchg',
] as const;
type Reader = RowReader<(typeof columnNames)[number]>;

/** Values of the column `type`. Frontends (0) and listeners (3) have no weight and are passed over. */
const kinds = { '0': null, '1': 'backend', '2': 'server', '3': null } as const;

/** All backends and servers of a reply to `show stat`, or why it cannot be one. Never a part of them. */
export function parseStats(reply: string): Result<readonly StatRow[], string> {
  const lines = replyLines(reply);
  if (!lines.ok) return lines;
  const [header, ...rest] = lines.value;
  if (!header?.startsWith('# ')) return err('it has no header');
  const columns = findColumns(header.slice(2).split(','), columnNames);
  if (!columns.ok) return columns;
  const records = joinQuotedLines(rest);
  if (!records.ok) return records;
  const reader: Reader = new RowReader(columns.value);
  const rows: StatRow[] = [];
  for (const record of records.value) {
    reader.next(splitRecord(record));
    const kind = reader.choice('type', kinds, null);
    if (kind !== null) rows.push(readRow(reader, kind));
  }
  return reader.fault === null ? ok(rows) : err(reader.fault);
}

function readRow(reader: Reader, kind: StatRow['kind']): StatRow {
  const status = reader.text('status');
  const largestWeight = kind === 'server' ? maxWeight : Number.MAX_SAFE_INTEGER;
  return {
    backend: reader.text('pxname'),
    name: reader.text('svname'),
    kind,
    status,
    algorithm: textOrNull(reader.text('algo')),
    mode: textOrNull(reader.text('mode')),
    // A backend row counts its backup servers in this column.
    isBackup: kind === 'server' && reader.count('bck') > 0,
    agentCheck: reader.text('agent_status') !== '',
    weight: reader.count('uweight', largestWeight),
    effectiveWeight: reader.count('weight', largestWeight),
    currentSessions: reader.count('scur'),
    queued: reader.count('qcur'),
    totalSessions: reader.count('stot'),
    responses1xx: reader.countOrNull('hrsp_1xx'),
    responses2xx: reader.countOrNull('hrsp_2xx'),
    responses3xx: reader.countOrNull('hrsp_3xx'),
    responses4xx: reader.countOrNull('hrsp_4xx'),
    responses5xx: reader.countOrNull('hrsp_5xx'),
    connectionErrors: reader.count('econ'),
    responseErrors: reader.count('eresp'),
    retries: reader.count('wretr'),
    redispatches: reader.count('wredis'),
    throttlePercent: reader.countOrNull('throttle'),
    upForMs: isUp(status) ? reader.ageMsOrNull('lastchg') : null,
  };
}

/** Whether HAProxy sends requests to a server of this status. */
export function isUp(status: string): boolean {
  return /^(?:UP|no check)/.test(status);
}

function textOrNull(text: string): string | null {
  return text === '' ? null : text;
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
