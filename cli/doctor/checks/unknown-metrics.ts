import { metricNames } from '../../../shared/contract/snapshot.ts';
import { type BackendFacts, snapshotsOf } from '../facts.ts';
import { type Finding, listed, warning } from '../finding.ts';

/** Each metric that an agent cannot measure, with its reason; servers with the same one in one line. */
export function checkUnknownMetrics(facts: Pick<BackendFacts, 'agents'>): Finding[] {
  return metricNames.flatMap((name) => {
    const unknown = snapshotsOf(facts).flatMap(({ server, snapshot }) => {
      const metric = snapshot.metrics[name];
      return metric.status === 'ok' ? [] : [{ server, why: `${metric.detail} (${metric.reason})` }];
    });
    return [...Map.groupBy(unknown, ({ why }) => why)].map(([why, group]) => {
      return warning(`metric ${name}`, `unknown on ${listed(group.map(({ server }) => server))}: ${why}`);
    });
  });
}
