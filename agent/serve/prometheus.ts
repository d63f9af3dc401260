/*
 * By hand, not with prom-client, which the controller uses: it takes 21 MiB, and an agent is to need 60 MiB at most.
 */

import { type Connections, type MetricName, metricNames, type Stalled } from '../../shared/contract/snapshot.ts';
import type { Refused } from '../../shared/net/excess-report.ts';
import type { Sample } from '../sample/sampler.ts';

/** What the agent says of its own sampling. */
export interface Timing {
  readonly ageMs: number;
  readonly samples: number;
  durationMs(name: MetricName): number;
}

/** One line of the exposition format: labels, and a value in base units. */
interface Point {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  /** Nothing where the metric is unavailable: an absent series is unknown, a 0 would be a lie. */
  readonly points: (sample: Sample, timing: Timing, refused: Refused) => readonly Point[];
}

const one = (value: number | null | undefined): readonly Point[] => (value == null ? [] : [{ value }]);
const raw = <T extends { status: string; raw?: unknown }>(metric: T) =>
  metric.status === 'ok' ? (metric as Extract<T, { status: 'ok' }>) : null;
const bytesPerSecond = (bits: number | undefined) => (bits === undefined ? undefined : bits / 8);

const resources = ['cpu', 'memory', 'io'] as const;

function stalledPoints(resource: string, stalled: Stalled | null | undefined): readonly Point[] {
  const points = (['some', 'full'] as const).map((kind) => ({ labels: { resource, kind }, value: stalled?.[kind] }));
  return points.flatMap(({ labels, value }) => (value == null ? [] : [{ labels, value }]));
}

function fullConnections(connections: Connections | undefined): readonly Point[] {
  if (connections === undefined) return [];
  return [
    { labels: { queue: 'receive' }, value: connections.receiveFull },
    { labels: { queue: 'send' }, value: connections.sendFull },
  ];
}

/** Every series, by name without its prefix. docs/metrics.md lists them; a test holds it to this. */
export const families: Readonly<Record<string, Family>> = {
  info: {
    type: 'gauge',
    help: 'What is measured; always 1.',
    points: ({ host, server, scope, version }) => [
      { value: 1, labels: { host, server: server ?? '', scope: scope.kind, snapshot_version: String(version) } },
    ],
  },
  effective_cores: {
    type: 'gauge',
    help: 'CPU cores that the scope may use.',
    points: ({ effectiveCores }) => one(effectiveCores),
  },
  window_seconds: {
    type: 'gauge',
    help: 'Length of the window that rates are averaged over.',
    points: ({ windowMs }) => one(windowMs / 1000),
  },
  snapshot_age_seconds: {
    type: 'gauge',
    help: 'Age of the latest sample.',
    points: (_, { ageMs }) => one(ageMs / 1000),
  },
  samples_total: { type: 'counter', help: 'Samples taken.', points: (_, { samples }) => one(samples) },
  cpu_utilisation_ratio: {
    type: 'gauge',
    help: 'Busy / available CPU time over the window; steal counts as busy.',
    points: ({ metrics: { cpu } }) => one(raw(cpu)?.utilisation),
  },
  cpu_steal_ratio: {
    type: 'gauge',
    help: 'Part of the available CPU time that the hypervisor gave to others.',
    points: ({ metrics: { cpu } }) => {
      const parts = raw(cpu)?.raw;
      return one(parts && parts.stealCoreSeconds / parts.availableCoreSeconds);
    },
  },
  ram_utilisation_ratio: {
    type: 'gauge',
    help: 'Memory in use / limit.',
    points: ({ metrics: { ram } }) => one(raw(ram)?.utilisation),
  },
  ram_used_bytes: {
    type: 'gauge',
    help: 'Memory in use, without reclaimable page cache.',
    points: ({ metrics: { ram } }) => one(raw(ram)?.raw.usedBytes),
  },
  ram_limit_bytes: {
    type: 'gauge',
    help: 'Memory that the scope may use.',
    points: ({ metrics: { ram } }) => one(raw(ram)?.raw.limitBytes),
  },
  bandwidth_utilisation_ratio: {
    type: 'gauge',
    help: 'The busier direction of the busiest interface / its speed.',
    points: ({ metrics: { bandwidth } }) => one(raw(bandwidth)?.utilisation),
  },
  bandwidth_receive_bytes_per_second: {
    type: 'gauge',
    help: 'Received by the busiest interface.',
    points: ({ metrics: { bandwidth } }) => one(bytesPerSecond(raw(bandwidth)?.raw.receiveBitsPerSecond)),
  },
  bandwidth_transmit_bytes_per_second: {
    type: 'gauge',
    help: 'Sent by the busiest interface.',
    points: ({ metrics: { bandwidth } }) => one(bytesPerSecond(raw(bandwidth)?.raw.transmitBitsPerSecond)),
  },
  bandwidth_link_bytes_per_second: {
    type: 'gauge',
    help: 'Speed of the busiest interface.',
    points: ({ metrics: { bandwidth } }) => one(bytesPerSecond(raw(bandwidth)?.raw.linkBitsPerSecond)),
  },
  threads_utilisation_ratio: {
    type: 'gauge',
    help: 'Threads / limit.',
    points: ({ metrics: { threads } }) => one(raw(threads)?.utilisation),
  },
  threads: { type: 'gauge', help: 'Threads.', points: ({ metrics: { threads } }) => one(raw(threads)?.raw.threads) },
  threads_limit: {
    type: 'gauge',
    help: 'Most threads that there may be.',
    points: ({ metrics: { threads } }) => one(raw(threads)?.raw.limit),
  },
  tcp_queues_utilisation_ratio: {
    type: 'gauge',
    help: 'The worst of the shares of connections with a full receive or send queue, and the accept ratio.',
    points: ({ metrics: { tcpQueues } }) => one(raw(tcpQueues)?.utilisation),
  },
  tcp_receive_queue_ratio: {
    type: 'gauge',
    help: 'Recv-Q of the fullest socket / its own receive buffer.',
    points: ({ metrics: { tcpQueues } }) => one(raw(tcpQueues)?.raw.receive?.ratio),
  },
  tcp_send_queue_ratio: {
    type: 'gauge',
    help: 'Send-Q of the fullest socket / its own send buffer.',
    points: ({ metrics: { tcpQueues } }) => one(raw(tcpQueues)?.raw.send?.ratio),
  },
  tcp_accept_queue_ratio: {
    type: 'gauge',
    help: 'Connections that wait to be accepted / backlog, of the fullest listening socket.',
    points: ({ metrics: { tcpQueues } }) => one(raw(tcpQueues)?.raw.accept?.ratio),
  },
  tcp_connections: {
    type: 'gauge',
    help: 'Connected TCP sockets that were looked at.',
    points: ({ metrics: { tcpQueues } }) => one(raw(tcpQueues)?.raw.connections?.total),
  },
  tcp_full_connections: {
    type: 'gauge',
    help: 'Connected TCP sockets whose queue is over 0.9 of its buffer.',
    points: ({ metrics: { tcpQueues } }) => fullConnections(raw(tcpQueues)?.raw.connections),
  },
  tcp_sockets: {
    type: 'gauge',
    help: 'TCP sockets that were looked at.',
    points: ({ metrics: { tcpQueues } }) => one(raw(tcpQueues)?.raw.sockets),
  },
  pressure_ratio: {
    type: 'gauge',
    help: 'Part of the last 10 s in which some or all tasks waited for the resource.',
    points: ({ pressure }) => resources.flatMap((resource) => stalledPoints(resource, pressure?.[resource])),
  },
  memory_events_total: {
    type: 'counter',
    help: "Counts of the control group's memory.events.",
    points: ({ memoryEvents }) =>
      memoryEvents === undefined
        ? []
        : [
            { labels: { event: 'high' }, value: memoryEvents.high },
            { labels: { event: 'max' }, value: memoryEvents.max },
            { labels: { event: 'oom' }, value: memoryEvents.oom },
            { labels: { event: 'oom_kill' }, value: memoryEvents.oomKill },
          ],
  },
  collector_success: {
    type: 'gauge',
    help: 'Whether the metric is available.',
    points: ({ metrics }) =>
      metricNames.map((name) => ({ labels: { collector: name }, value: metrics[name].status === 'ok' ? 1 : 0 })),
  },
  collector_duration_seconds: {
    type: 'gauge',
    help: 'How long the last reading took.',
    points: (_, timing) =>
      metricNames.map((name) => ({ labels: { collector: name }, value: timing.durationMs(name) / 1000 })),
  },
  clients_refused_total: {
    type: 'counter',
    help: 'Requests and connections that were refused, by kind.',
    points: (_, __, refused) => [...refused].map(([kind, value]) => ({ labels: { kind }, value })),
  },
};

const prefix = 'haweight_agent_';

/**
 * The Prometheus text format, version 0.0.4. Written here rather than with a client library because that would take
 * more memory than all our collectors together.
 */
export function prometheusText(sample: Sample, timing: Timing, refused: Refused = new Map()): string {
  const lines: string[] = [];
  for (const [name, { type, help, points }] of Object.entries(families)) {
    const values = points(sample, timing, refused);
    if (values.length === 0) continue;
    lines.push(`# HELP ${prefix}${name} ${help}`, `# TYPE ${prefix}${name} ${type}`);
    for (const { labels, value } of values) lines.push(`${prefix}${name}${labelText(labels)} ${value}`);
  }
  return lines.join('\n');
}

function labelText(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
