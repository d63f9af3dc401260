import type { BackendView } from '../../../controller/index.ts';
import { percent } from '../../../shared/terminal/format.ts';
import type { BackendFacts } from '../facts.ts';
import { snapshotsOf } from '../facts.ts';
import { type Finding, fine, listed, warning } from '../finding.ts';

/** Configured weights per core that differ by this factor are probably a server line without its weight. */
const lopsided = 10;

/** What the weights of haproxy.cfg do as soon as haweight leaves, and where they tell nothing. */
export function checkConfiguredWeights(facts: Pick<BackendFacts, 'view' | 'agents'>): Finding[] {
  return [...zeroButRunning(facts.view), ...lopsidedWeights(facts)];
}

function zeroButRunning({ servers, found }: BackendView): Finding[] {
  const names = servers.filter(({ server, takesRequests }) => takesRequests && found.has(server));
  if (names.length === 0) return [];
  const shown = listed(names.map(({ server }) => server));
  const detail = `${shown}: weight 0 in haproxy.cfg, but in service by a weight that was set at run time, which restoring gives back`;
  return [fine('configured weights', detail)];
}

function lopsidedWeights(facts: Pick<BackendFacts, 'view' | 'agents'>): Finding[] {
  const cores = new Map(snapshotsOf(facts).map(({ server, snapshot }) => [server, snapshot.effectiveCores]));
  const { servers, found } = facts.view;
  const ours = servers.filter(
    ({ server, exclusion, configuredWeight }) => exclusion === null && configuredWeight > 0 && !found.has(server),
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
