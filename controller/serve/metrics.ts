import { Counter, Gauge, Registry } from 'prom-client';
import { isNeverOurs } from '../../shared/contract/observation.ts';
import { metricNames } from '../../shared/contract/snapshot.ts';
import type { LooksStatus, ServerStatus, Status } from '../../shared/contract/status.ts';
import type { Refused } from '../../shared/net/excess-report.ts';

const perServer = ['backend', 'server'] as const;

/**
 * The status as Prometheus metrics, and what the status API has refused; docs/metrics.md lists them. What is unknown is absent,
 * never 0.
 */
export async function renderMetrics(status: Status, refused: Refused = new Map()): Promise<string> {
  const registry = new Registry();
  const clients = new Counter({
    name: 'haweight_clients_refused_total',
    help: 'Requests and connections that the status API refused, by kind',
    labelNames: ['kind'],
    registers: [registry],
  });
  for (const [kind, count] of refused) clients.inc({ kind }, count);
  addController(registry, status);
  const addServer = serverMetrics(registry, status.dryRun);
  const ejections = new Counter({
    name: 'haweight_ejections_total',
    help: 'How often a server was ejected because it failed, since the start',
    labelNames: ['backend'],
    registers: [registry],
  });
  const queued = gauge(registry, 'backend_queue_requests', 'Requests that wait in HAProxy for any server', ['backend']);
  for (const { backend, servers, waiting, ejections: count } of status.backends) {
    ejections.inc({ backend }, count);
    if (waiting !== null) queued.set({ backend }, waiting);
    for (const server of servers) addServer(backend, server);
  }
  return await registry.metrics();
}

function addController(registry: Registry, status: Status): void {
  const peerUp = gauge(registry, 'peer_up', "Whether the counters of another controller's HAProxy are learned from", [
    'peer',
  ]);
  for (const { url, counts } of status.peers) peerUp.set({ peer: url }, counts ? 1 : 0);
  const counter = (name: string, help: string, value: number) =>
    new Counter({ name: `haweight_${name}_total`, help, registers: [registry] }).inc(value);
  const haproxyUp = gauge(registry, 'haproxy_up', 'Whether HAProxy answered at the last tick', []);
  haproxyUp.set(status.haproxy.problem === null ? 1 : 0);
  counter('ticks', 'Ticks since the start', status.ticks);
  counter('ticks_skipped', 'Ticks skipped because the one before was late', status.skippedTicks);
  counter('weights_written', 'Weights written to HAProxy since the start', status.weightsWritten);
  if (status.looks !== null) addLooks(registry, status.looks);
  if (status.lastTickAtMs !== null) {
    const ended = gauge(registry, 'last_tick_timestamp_seconds', 'When the last tick ended', []);
    ended.set(status.lastTickAtMs / 1_000);
  }
  if (status.lastTickDurationMs !== null) {
    const took = gauge(registry, 'last_tick_duration_seconds', 'How long the last tick took', []);
    took.set(status.lastTickDurationMs / 1_000);
  }
}

function addLooks(registry: Registry, { count, costMs, everyMs }: LooksStatus): void {
  const looks = new Counter({
    name: 'haweight_looks_total',
    help: 'Looks at HAProxy between ticks',
    registers: [registry],
  });
  looks.inc(count);
  const cost = gauge(registry, 'look_duration_seconds', 'How long a look takes, the shortest of the last five', []);
  cost.set(costMs / 1_000);
  const interval = gauge(
    registry,
    'look_interval_seconds',
    'How often a look is due: 0.2 s, or 20 times what it takes',
    [],
  );
  interval.set(everyMs / 1_000);
}

/** Metrics with labels; the result adds one server to each. */
function serverMetrics(registry: Registry, dryRun: boolean): (backend: string, server: ServerStatus) => void {
  const weight = gauge(registry, 'server_weight', 'Weight of the server in HAProxy, 0 to 256');
  const share = gauge(
    registry,
    'server_share_ratio',
    'Weight over the sum of the weights of all servers that take requests, 0 to 1',
  );
  const load = gauge(registry, 'server_load_ratio', 'Load Lr by equation (1), 0 to 1');
  const drained = gauge(registry, 'server_drained', 'Whether haweight holds the server at weight 0');
  const ejected = gauge(registry, 'server_ejected', 'Whether the server has next to no requests because it failed');
  const contested = gauge(registry, 'server_contested', "Whether another writer's weight is left in force");
  const rotation = gauge(registry, 'server_in_rotation', 'Whether haweight manages the server now');
  const fresh = gauge(registry, 'agent_fresh', "Whether the server's agent gave a fresh snapshot");
  const failures = new Counter({
    name: 'haweight_agent_failures_total',
    help: "Failed requests to the server's agent since the start",
    labelNames: [...perServer],
    registers: [registry],
  });
  const byMetric = [...perServer, 'metric'];
  const utilisation = gauge(registry, 'server_utilisation_ratio', 'Utilisation of a metric, 0 to 1', byMetric);
  const limit = gauge(registry, 'server_limit', 'Most requests at once that haweight decided for the server (maxconn)');
  const limitNow = gauge(registry, 'server_limit_in_force', 'The same as HAProxy has it');
  const full = gauge(registry, 'server_limit_full_ratio', 'Part of the last tick at the decided limit, 0 to 1');
  return (backend, each) => {
    const labels = { backend, server: each.server };
    weight.set(labels, dryRun ? each.weightBefore : each.weight);
    if (each.share !== null) share.set(labels, each.share);
    if (each.load !== null) load.set(labels, each.load);
    if (each.limit?.limit != null) limit.set(labels, each.limit.limit);
    if (each.limit?.now != null) limitNow.set(labels, each.limit.now);
    if (each.limit?.limit != null) full.set(labels, each.limit.fullPart);
    drained.set(labels, each.drained ? 1 : 0);
    if (each.breaker !== null) ejected.set(labels, each.breaker === 'closed' ? 0 : 1);
    contested.set(labels, each.reasons.some(({ code }) => code === 'contested') ? 1 : 0);
    rotation.set(labels, each.exclusion === null ? 1 : 0);
    if (!isNeverOurs(each.exclusion)) {
      if (each.agent.asked) fresh.set(labels, each.agent.state === 'fresh' ? 1 : 0);
      failures.inc(labels, each.agent.failures);
    }
    for (const metric of metricNames) {
      const value = each.utilisation[metric];
      if (value !== null) utilisation.set({ ...labels, metric }, value);
    }
  };
}

function gauge(registry: Registry, name: string, help: string, labelNames: readonly string[] = perServer): Gauge {
  return new Gauge({ name: `haweight_${name}`, help, labelNames: [...labelNames], registers: [registry] });
}
