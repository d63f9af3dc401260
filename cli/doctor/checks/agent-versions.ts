import { snapshotVersion } from '../../../shared/contract/snapshot.ts';
import { type BackendFacts, snapshotsOf } from '../facts.ts';
import { type Finding, listed, warning } from '../finding.ts';

/** Agents of another haweight than this one: what only one of the two knows is missing. */
export function checkAgentVersions(facts: Pick<BackendFacts, 'agents'>): Finding[] {
  const others = snapshotsOf(facts).filter(({ snapshot }) => snapshot.version !== snapshotVersion);
  const byVersion = Map.groupBy(others, ({ snapshot }) => snapshot.version);
  return [...byVersion].map(([version, group]) => {
    const age = version < snapshotVersion ? 'older' : 'newer';
    const detail = `${listed(group.map(({ server }) => server))}: version ${version} of the snapshot, ${age} than ${snapshotVersion} here; what both know is used`;
    return warning('agent versions', detail, 'Install the same haweight on controller and servers');
  });
}
