import type { Observation } from '../../shared/contract/observation.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { agentsSilent } from '../../shared/contract/problems/agent.ts';

/** Of a backend where more than half of the agents are silent; null: enough of them answer. */
export function silentAgentsProblem(backend: string, observations: readonly Observation[]): Problem | null {
  const agents = observations.filter(({ exclusion }) => exclusion === null).map(({ agent }) => agent);
  const fresh = agents.filter(({ state }) => state === 'fresh').length;
  return fresh * 2 >= agents.length ? null : agentsSilent(backend, fresh, agents.length);
}
