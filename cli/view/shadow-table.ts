import type { ServerStatus, ShadowServerStatus, Status } from '../../shared/contract/status.ts';
import { decimal, percent } from '../../shared/terminal/format.ts';
import { type ShadowedBackend, shadowedBackends } from '../shadow-status.ts';
import { headline } from './reasons.ts';
import { type Column, renderTable } from './table.ts';
import { type AnsweredAt, noServers, outOfDate, timeOf } from './up-to-date.ts';
import { describeAlgorithm } from './weights-table.ts';

interface Row {
  readonly server: ServerStatus;
  /** null if the shadow has no decision for it. */
  readonly shadow: ShadowServerStatus | null;
}

/** Widths and the spaces between them add up to 80. */
function columns(dryRun: boolean): readonly Column<Row>[] {
  const right = (title: string, width: number, text: (row: Row) => string): Column<Row> => {
    return { title, width, align: 'right', text };
  };
  return [
    { title: 'SERVER', width: 14, align: 'left', text: ({ server }) => server.server },
    {
      title: 'STATUS',
      width: 6,
      align: 'left',
      text: ({ server }) => server.haproxyStatus.replace('no check', 'no chk'),
    },
    right('CPU', 4, ({ server }) => percent(server.utilisation.cpu)),
    right('LR', 4, ({ shadow }) => decimal(shadow?.load ?? null)),
    right(dryRun ? 'WANT' : 'WGT', 4, ({ server }) => String(server.weight)),
    right('SHARE', 6, ({ server }) => percent(server.share, 1)),
    right('SHADOW', 6, ({ shadow }) => (shadow === null ? '-' : String(shadow.weight))),
    right('SHARE', 6, ({ shadow }) => percent(shadow?.share ?? null, 1)),
    right('DIFF', 6, difference),
    {
      title: "SHADOW'S REASON",
      width: 15,
      align: 'left',
      text: (row) => reason(row)?.text ?? '-',
      tone: (row) => reason(row)?.tone ?? null,
    },
  ];
}

/** The policy in force and one in shadow, side by side, one table per backend. Only problems may exceed 80 columns. */
export function renderShadow(
  status: Status,
  policy: string,
  backends: readonly string[],
  answeredAt: AnsweredAt = null,
): string {
  const tables = shadowedBackends(status, policy)
    .filter(({ backend }) => backends.length === 0 || backends.includes(backend.backend))
    .map((each) => renderBackend(each, status, answeredAt));
  const first = outOfDate(status, answeredAt).join('\n');
  return [...(first === '' ? [] : [first]), ...tables].join('\n\n');
}

function renderBackend({ backend, shadow }: ShadowedBackend, status: Status, answeredAt: AnsweredAt): string {
  const at = timeOf(backend, status, answeredAt);
  const title = `${backend.backend}  (${describeAlgorithm(backend.algorithm)}, ${at})`;
  const policies = `${status.policy} in force${status.dryRun ? ' (dry run)' : ''}; ${shadow.policy} in shadow, never written`;
  const decided = new Map(shadow.servers.map((server) => [server.server, server]));
  const rows = backend.servers.map((server) => ({ server, shadow: decided.get(server.server) ?? null }));
  const table = rows.length === 0 ? noServers(backend, status) : renderTable(columns(status.dryRun), rows);
  const problems = [shadow.problem, backend.problem].flatMap((problem) => (problem === null ? [] : [`! ${problem}`]));
  return [title, policies, table, ...problems].join('\n');
}

function difference({ server, shadow }: Row): string {
  if (shadow === null || shadow.share === null || server.share === null) return '-';
  const points = (shadow.share - server.share) * 100;
  return `${points >= 0 ? '+' : ''}${points.toFixed(1)}`;
}

function reason({ server, shadow }: Row) {
  return shadow === null ? null : headline({ ...server, ...shadow });
}
