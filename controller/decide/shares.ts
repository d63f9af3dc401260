import type { Decision } from '../../shared/contract/decision.ts';
import type { Observation } from '../../shared/contract/observation.ts';

/**
 * weight / sum of the weights of all servers that are in rotation or take requests though they are left alone, 0 to 1; all 0 where
 * every weight is 0. Other servers have none.
 */
export function sharesInRotation(
  observations: readonly Observation[],
  decisions: readonly Decision[],
): ReadonlyMap<string, number> {
  const serving = new Set(
    observations
      .filter(({ exclusion, takesRequests }) => exclusion === null || takesRequests)
      .map(({ server }) => server),
  );
  const open = decisions.filter(({ server }) => serving.has(server));
  const total = open.reduce((sum, { weight }) => sum + weight, 0);
  return new Map(open.map(({ server, weight }) => [server, total === 0 ? 0 : weight / total]));
}
