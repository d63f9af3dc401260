import { viewProblems } from '../../../controller/index.ts';
import type { BackendFacts } from '../facts.ts';
import { type Finding, warningOf } from '../finding.ts';

/** Single servers that cannot be managed, or whose weights do not last: agent-check, SRV records, states that are unknown. */
export function checkServers({ view }: Pick<BackendFacts, 'view'>): Finding[] {
  return viewProblems(view).map((problem) => warningOf(`servers of ${view.backend}`, problem));
}
