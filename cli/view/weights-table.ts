import type { BackendStatus, ServerStatus, Status } from '../../shared/contract/status.ts';
import { decimal, percent, signed } from '../../shared/terminal/format.ts';
import { limitNotes } from './limits.ts';
import { headline, signedDelta } from './reasons.ts';
import { backendNotes } from './server-notes.ts';
import { type Column, renderTable } from './table.ts';
import { type AnsweredAt, noServers, outOfDate, timeOf } from './up-to-date.ts';

/** Widths and the spaces between them add up to 80. */
function columns(dryRun: boolean): readonly Column<ServerStatus>[] {
  const right = (title: string, width: number, text: (server: ServerStatus) => string): Column<ServerStatus> => {
    return { title, width, align: 'right', text };
  };
  const inHaproxy = (server: ServerStatus) => (dryRun ? server.weightBefore : server.weight);
  return [
    { title: 'SERVER', width: 12, align: 'left', text: ({ server }) => server },
    {
      title: 'STATUS',
      width: 6,
      align: 'left',
      text: ({ haproxyStatus }) => haproxyStatus.replace('no check', 'no chk'),
    },
    right('CPU', 4, ({ utilisation }) => percent(utilisation.cpu)),
    right('RAM', 4, ({ utilisation }) => percent(utilisation.ram)),
    right('BW', 4, ({ utilisation }) => percent(utilisation.bandwidth)),
    right('THR', 4, ({ utilisation }) => percent(utilisation.threads)),
    right('TCPQ', 4, ({ utilisation }) => percent(utilisation.tcpQueues)),
    right('LR', 4, ({ load }) => decimal(load)),
    right('DELTA', 5, deltaOf),
    right('WGT', 3, (server) => String(inHaproxy(server))),
    ...(dryRun ? [right('WANT', 4, ({ weight }) => String(weight))] : []),
    right('SHARE', 6, ({ share }) => percent(share, 1)),
    {
      title: 'REASON',
      width: dryRun ? 8 : 13,
      align: 'left',
      text: (server) => headline(server).text,
      tone: (server) => headline(server).tone,
    },
  ];
}

/** With its sign, where the mean is known. */
function deltaOf({ delta, reasons }: ServerStatus): string {
  const load = reasons.find((reason) => reason.code === 'load');
  if (delta === null || load === undefined) return decimal(delta);
  return signed(signedDelta(load), delta < wide ? 2 : 1);
}

/** From here on two decimals and a sign do not fit. */
const wide = 9.995;

/** The whole status as tables, one per backend. Only problems may exceed 80 columns. */
export function renderWeights(status: Status, backends: readonly string[], answeredAt: AnsweredAt = null): string {
  const shown = status.backends.filter(({ backend }) => backends.length === 0 || backends.includes(backend));
  const { recording } = status;
  const lost = recording?.problem ? [`! ${recording.problem} (${recording.lostTicks} ticks lost so far)`] : [];
  const tables = shown.map((backend) => renderBackend(backend, status, answeredAt));
  const first = outOfDate(status, answeredAt).join('\n');
  return [...(first === '' ? [] : [first]), ...tables, ...lost].join('\n\n');
}

function renderBackend(backend: BackendStatus, status: Status, answeredAt: AnsweredAt): string {
  const at = timeOf(backend, status, answeredAt);
  const mode = status.dryRun ? ', dry run: WANT is not written' : '';
  const title = `${backend.backend}  (${describeAlgorithm(backend.algorithm)}, ${status.policy}, ${at}${mode})`;
  const table =
    backend.servers.length === 0 ? noServers(backend, status) : renderTable(columns(status.dryRun), backend.servers);
  const problems = backend.servers.flatMap(({ server, agent }) =>
    agent.detail === null ? [] : [`! ${server}: ${agent.detail} (${agent.failures} so far)`],
  );
  const shadows = backend.shadows.map(({ problem }) => problem);
  const whole = [backend.problem, ...shadows].flatMap((problem) => (problem === null ? [] : [`! ${problem}`]));
  return [title, table, ...limitNotes(backend), ...whole, ...problems, ...backendNotes(backend)].join('\n');
}

/** HAProxy 2.6 shows `random` as "unknown", and a socket of level user shows no algorithm. */
export function describeAlgorithm(algorithm: string | null): string {
  return algorithm === null || algorithm === 'unknown' ? 'balance not shown by HAProxy' : algorithm;
}
