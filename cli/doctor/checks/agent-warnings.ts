import { type BackendFacts, snapshotsOf } from '../facts.ts';
import { type Finding, listed, warning } from '../finding.ts';

/** What agents doubt about themselves, such as a side-car whose group has no process but the agent. */
export function checkAgentWarnings(facts: Pick<BackendFacts, 'agents'>): Finding[] {
  const each = snapshotsOf(facts).flatMap(({ server, snapshot }) => {
    return (snapshot.warnings ?? []).map((text) => ({ server, text }));
  });
  return [...Map.groupBy(each, ({ text }) => text)].map(([text, group]) => {
    return warning(`agent of ${listed(group.map(({ server }) => server))}`, text);
  });
}
