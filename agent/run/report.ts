import {
  type Metric,
  type MetricName,
  metricNames,
  type Scope,
  type Snapshot,
  type Stalled,
} from '../../shared/contract/snapshot.ts';
import { bitRate, bytes, decimal, seconds, spacedPercent } from '../../shared/terminal/format.ts';
import { clip } from '../../shared/terminal/text.ts';

/** What `agent --once` prints for people: at most 80 columns, no colour needed. */
const width = 80;
const labels: Readonly<Record<MetricName, string>> = {
  cpu: 'CPU',
  ram: 'RAM',
  bandwidth: 'bandwidth',
  threads: 'threads',
  tcpQueues: 'TCP queues',
};
const indent = ' '.repeat(19);

export function formatReport(snapshot: Snapshot, facts: readonly string[]): string {
  const cores = `${decimal(snapshot.effectiveCores)} ${snapshot.effectiveCores === 1 ? 'core' : 'cores'}`;
  const window = `window ${seconds(snapshot.windowMs)}`;
  const head = [`${snapshot.host}: ${describeScope(snapshot.scope)}`, `  ${cores}, ${window}`];
  const rows = metricNames.flatMap((name) =>
    formatMetric(labels[name], snapshot.metrics[name], details(snapshot, name)),
  );
  const warnings = (snapshot.warnings ?? []).flatMap((warning) => ['', ...wrap(`WARNING: ${warning}`, '')]);
  return [...head, ...facts.map((fact) => `  ${fact}`), '', ...rows, ...shortageRows(snapshot), ...warnings]
    .map((line) => clip(line, width))
    .join('\n');
}

function formatMetric(label: string, metric: Metric<MetricName>, lines: readonly string[]): readonly string[] {
  const name = label.padEnd(11);
  if (metric.status === 'unavailable') return [`${name}unknown ${metric.reason}`, ...wrap(metric.detail)];
  const [first = '', ...rest] = lines;
  return [
    `${name}${spacedPercent(metric.utilisation, 1).padStart(7)} ${first}`.trimEnd(),
    ...rest.map((line) => indent + line),
  ];
}

function details(snapshot: Snapshot, name: MetricName): readonly string[] {
  const { cpu, ram, bandwidth, threads, tcpQueues } = snapshot.metrics;
  switch (name) {
    case 'cpu':
      return cpu.status === 'ok' ? [...cpuDetails(cpu.raw), ...neighbourLines(snapshot, cpu.raw)] : [];
    case 'ram':
      return ram.status === 'ok' ? [`${bytes(ram.raw.usedBytes)} of ${bytes(ram.raw.limitBytes)}`] : [];
    case 'bandwidth':
      return bandwidth.status === 'ok' ? bandwidthDetails(bandwidth.raw) : [];
    case 'threads':
      return threads.status === 'ok'
        ? [`${threads.raw.threads} of ${threads.raw.limit} (limit: ${threads.raw.limitSource})`]
        : [];
    case 'tcpQueues':
      return tcpQueues.status === 'ok' ? queueDetails(tcpQueues.raw) : [];
  }
}

type Raw<Name extends MetricName> = Extract<Metric<Name>, { status: 'ok' }>['raw'];

function cpuDetails({ busyCoreSeconds, availableCoreSeconds, stealCoreSeconds }: Raw<'cpu'>): readonly string[] {
  const used = `${decimal(busyCoreSeconds)} of ${decimal(availableCoreSeconds)} core-seconds`;
  return [`${used}, stolen ${decimal(stealCoreSeconds)}`];
}

/** Where a group without a quota could not have had all of its cores: else "0.02 of 0.02 core-seconds" is a riddle. */
function neighbourLines({ scope, effectiveCores, windowMs }: Snapshot, raw: Raw<'cpu'>): readonly string[] {
  const cores = raw.availableCoreSeconds / (windowMs / 1_000);
  if (scope.kind === 'host' || windowMs === 0 || cores > 0.8 * effectiveCores) return [];
  const had = `neighbours leave it ${decimal(cores)} of ${decimal(effectiveCores)} cores, and there is no quota`;
  return wrap(`${had}: if some are guaranteed to it, say how many with --cores`).map((line) => line.trim());
}

function bandwidthDetails(raw: Raw<'bandwidth'>): readonly string[] {
  const rates = `in ${bitRate(raw.receiveBitsPerSecond)}, out ${bitRate(raw.transmitBitsPerSecond)}`;
  return [`${raw.interface}: ${rates} of ${bitRate(raw.linkBitsPerSecond)}`];
}

function queueDetails({ receive, send, accept, sockets, connections }: Raw<'tcpQueues'>): readonly string[] {
  const lines: string[] = [];
  if (connections !== undefined) {
    const { total, receiveFull, sendFull } = connections;
    lines.push(`full of ${total} connections: Recv-Q ${receiveFull}, Send-Q ${sendFull}`);
  }
  lines.push(`fullest of ${sockets} ${sockets === 1 ? 'socket' : 'sockets'}`);
  for (const [label, queue] of [['Recv-Q', receive] as const, ['Send-Q', send] as const]) {
    if (queue === null) continue;
    const fill = `${bytes(queue.queuedBytes)} of ${bytes(queue.bufferBytes)}`;
    lines.push(`${label} ${spacedPercent(queue.ratio, 1)}: ${fill}`, `  ${queue.local} <- ${queue.peer}`);
  }
  if (accept !== null) {
    const fill = `${accept.waitingConnections} of ${accept.backlog} connections`;
    lines.push(`accept ${spacedPercent(accept.ratio, 1)}: ${fill}`, `  ${accept.local}`);
  }
  return lines;
}

/** What tells a real shortage from a full cache; nothing where the kernel does not say. */
function shortageRows({ pressure, memoryEvents }: Snapshot): readonly string[] {
  const rows: string[] = [];
  if (pressure !== undefined) {
    const parts = (['cpu', 'memory', 'io'] as const).map((name) => `${name} ${stalledText(pressure[name])}`);
    rows.push(`${'pressure'.padEnd(19)}${parts.join(', ')}`, `${indent}(some / all tasks waited, of the last 10 s)`);
  }
  if (memoryEvents !== undefined) {
    const { high, max, oom, oomKill } = memoryEvents;
    rows.push(`${'memory events'.padEnd(19)}high ${high}, max ${max}, oom ${oom}, oom_kill ${oomKill}`);
  }
  return rows;
}

function stalledText(stalled: Stalled | null): string {
  if (stalled === null) return 'unknown';
  const [some, full] = [stalled.some, stalled.full].map((share) => (share === null ? '-' : spacedPercent(share, 0)));
  return `${some} / ${full}`;
}

function describeScope(scope: Scope): string {
  if (scope.kind === 'unknown') return 'unknown';
  if (scope.kind === 'host') return 'the host';
  if (scope.kind === 'cgroup') return `cgroup v${scope.version} ${scope.path}`;
  return `process ${scope.pid} and its children${scope.port === undefined ? '' : ` (port ${scope.port})`}`;
}

function wrap(text: string, before = indent): readonly string[] {
  const room = width - 3 - before.length;
  return (
    text.match(new RegExp(`.{1,${room}}(?:\\s|$)|\\S{${room}}`, 'g'))?.map((line) => `${before}${line.trim()}`) ?? []
  );
}
