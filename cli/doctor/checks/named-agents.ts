import { nearest } from '../../../shared/nearest.ts';
import type { BackendFacts } from '../facts.ts';
import { type Finding, warning } from '../finding.ts';

/** Agents that are named for a server that HAProxy does not have: mostly a typing error. */
export function checkNamedAgents({ view, namedAgents }: Pick<BackendFacts, 'view' | 'namedAgents'>): Finding[] {
  const servers = view.servers.map(({ server }) => server);
  return namedAgents
    .filter((name) => !servers.includes(name))
    .map((name) => {
      const close = nearest(name, servers);
      const hint = close === null ? `It has ${servers.slice(0, 8).join(', ') || 'none'}` : `Did you mean ${close}?`;
      return warning('agents', `an agent is named for ${name}, but backend ${view.backend} has no such server`, hint);
    });
}
