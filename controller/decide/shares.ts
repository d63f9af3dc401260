import type { Decision } from '../../shared/contract/decision.ts';
import type { Observation } from '../../shared/contract/observation.ts';

/** weight / sum of the weights in rotation, 0 to 1; all 0 where every weight is 0. Servers out of rotation have none. */
export function sharesInRotation(
  observations: readonly Observation[],
  decisions: readonly Decision[],
): ReadonlyMap<string, number> {
  const inRotation = new Set(observations.filter(({ exclusion }) => exclusion === null).map(({ server }) => server));
  const open = decisions.filter(({ server }) => inRotation.has(server));
  const total = open.reduce((sum, { weight }) => sum + weight, 0);
  return new Map(open.map(({ server, weight }) => [server, total === 0 ? 0 : weight / total]));
}
