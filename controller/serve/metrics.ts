import { Counter, Gauge, Registry } from 'prom-client';
import { isNeverOurs } from '../../shared/contract/observation.ts';
import { metricNames } from '../../shared/contract/snapshot.ts';
import type { Status } from '../../shared/contract/status.ts';

const perServer = ['backend', 'server'] as const;

/** The status as Prometheus metrics; docs/metrics.md lists them. What is unknown is absent, never 0. */
export async function renderMetrics(status: Status): Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: readonly string[] = perServer) =>
    new Gauge({ name: `haweight_${name}`, help, labelNames: [...labelNames], registers });
  const counter = (name: string, help: string, value: number) =>
    new Counter({ name: `haweight_${name}_total`, help, registers }).inc(value);

  gauge('haproxy_up', 'Whether HAProxy answered at the last tick', []).set(status.haproxy.problem === null ? 1 : 0);
  counter('ticks', 'Ticks since the start', status.ticks);
  counter('ticks_skipped', 'Ticks skipped because the one before was late', status.skippedTicks);
  counter('weights_written', 'Weights written to HAProxy since the start', status.weightsWritten);
  if (status.lastTickAtMs !== null) {
    gauge('last_tick_timestamp_seconds', 'When the last tick ended', []).set(status.lastTickAtMs / 1_000);
  }
  if (status.lastTickDurationMs !== null) {
    gauge('last_tick_duration_seconds', 'How long the last tick took', []).set(status.lastTickDurationMs / 1_000);
  }

  const weight = gauge('server_weight', 'Weight of the server in HAProxy, 0 to 256');
  const share = gauge('server_share_ratio', 'Weight over the sum of weights in rotation, 0 to 1');
  const load = gauge('server_load_ratio', 'Load Lr by equation (1), 0 to 1');
  const drained = gauge('server_drained', 'Whether haweight holds the server at weight 0');
  const contested = gauge('server_contested', "Whether another writer's weight is left in force");
  const rotation = gauge('server_in_rotation', 'Whether haweight manages the server now');
  const fresh = gauge('agent_fresh', "Whether the server's agent gave a fresh snapshot");
  const failures = new Counter({
    name: 'haweight_agent_failures_total',
    help: "Failed requests to the server's agent since the start",
    labelNames: [...perServer],
    registers,
  });
  const utilisation = gauge('server_utilisation_ratio', 'Utilisation of a metric, 0 to 1', [...perServer, 'metric']);
  for (const { backend, servers } of status.backends) {
    for (const each of servers) {
      const labels = { backend, server: each.server };
      weight.set(labels, status.dryRun ? each.weightBefore : each.weight);
      if (each.share !== null) share.set(labels, each.share);
      if (each.load !== null) load.set(labels, each.load);
      drained.set(labels, each.drained ? 1 : 0);
      contested.set(labels, each.reasons.some(({ code }) => code === 'contested') ? 1 : 0);
      rotation.set(labels, each.exclusion === null ? 1 : 0);
      if (!isNeverOurs(each.exclusion)) {
        fresh.set(labels, each.agent.state === 'fresh' ? 1 : 0);
        failures.inc(labels, each.agent.failures);
      }
      for (const metric of metricNames) {
        const value = each.utilisation[metric];
        if (value !== null) utilisation.set({ ...labels, metric }, value);
      }
    }
  }
  return await registry.metrics();
}
