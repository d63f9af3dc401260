import type { ServerState, WeightChange } from '../haproxy/runtime-api.ts';

/**
 * Rule 1 between two ticks. A drained server helps nobody when all others have gone down since: HAProxy then has a server
 * that could answer and no weight that lets it, and says 503 to everybody. Those that we drained get their configured
 * weights back, at once and without a look at what the agents say. Empty where HAProxy has a server to send requests to,
 * or none at all. Pure.
 */
export function rescueChanges(states: readonly ServerState[], drained: ReadonlySet<string>): readonly WeightChange[] {
  const usable = states.filter(isInRotation);
  if (usable.some(({ weight }) => weight > 0)) return [];
  return usable
    .filter(({ server }) => drained.has(server))
    .map(({ server, configuredWeight }) => ({ server, weight: configuredWeight }));
}

function isInRotation({ operationalState, adminState }: ServerState): boolean {
  const isUp = operationalState === 'running' || operationalState === 'starting';
  return isUp && !adminState.maintenance && !adminState.drain;
}
