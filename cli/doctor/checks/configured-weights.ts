import type { ServerView } from '../../../controller/index.ts';
import { percent } from '../../../shared/terminal/format.ts';
import type { BackendFacts } from '../facts.ts';
import { snapshotsOf } from '../facts.ts';
import { type Finding, listed, warning } from '../finding.ts';

/** Configured weights per core that differ by this factor are probably a server line without its weight. */
const lopsided = 10;

/** What the weights of haproxy.cfg do as soon as haweight leaves, and where they tell nothing. */
export function checkConfiguredWeights(facts: Pick<BackendFacts, 'view' | 'agents'>): Finding[] {
  return [...zeroButRunning(facts.view.servers), ...lopsidedWeights(facts)];
}

function zeroButRunning(servers: readonly ServerView[]): Finding[] {
  const names = servers
    .filter((server) => server.configuredWeight === 0 && server.currentWeight > 0 && server.takesRequests)
    .map(({ server }) => server);
  if (names.length === 0) return [];
  const detail = `${listed(names)}: configured weight 0, but HAProxy gives ${names.length === 1 ? 'it' : 'them'} requests now, by a weight that was set at run time`;
  return [warning('configured weights', detail, 'Give a weight above 0 in haproxy.cfg if it is to stay')];
}

function lopsidedWeights(facts: Pick<BackendFacts, 'view' | 'agents'>): Finding[] {
  const cores = new Map(snapshotsOf(facts).map(({ server, snapshot }) => [server, snapshot.effectiveCores]));
  const ours = facts.view.servers.filter(
    ({ exclusion, configuredWeight }) => exclusion === null && configuredWeight > 0,
  );
  const knowsAll = ours.every(({ server }) => cores.has(server));
  const perCore = ours.map(({ server, configuredWeight }) => {
    return configuredWeight / (knowsAll ? (cores.get(server) ?? 1) : 1);
  });
  if (ours.length < 2 || Math.max(...perCore) < lopsided * Math.min(...perCore)) return [];
  const weights = ours.map(({ configuredWeight }) => configuredWeight);
  const [largest] = ours.toSorted((one, other) => other.configuredWeight - one.configuredWeight);
  if (largest === undefined) return [];
  const share = largest.configuredWeight / weights.reduce((sum, weight) => sum + weight, 0);
  const detail = `${Math.min(...weights)} to ${Math.max(...weights)}: ${largest.server} gets ${percent(share)} of the requests when haweight leaves`;
  const fix = 'A server line without `weight` has 1: give each line one';
  return [warning(`configured weights of ${facts.view.backend}`, detail, fix)];
}
