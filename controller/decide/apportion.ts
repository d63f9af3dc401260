import { maxWeight } from '../../shared/contract/limits.ts';
import { sum } from '../../shared/math/statistics.ts';

/** Halvings of the interval in which the scale is searched: as exact as a double can be. */
const halvings = 64;

/**
 * Integers from 1 to 256 in the proportion of these weights, all above 0, whose sum is `total`, or as near to it as 1 to 256 each
 * allows. What rounding leaves goes to the largest remainders; ties go to the larger weight, then to the name, so that the order of
 * the servers does not matter. `exact`: before rounding.
 */
export function apportion(
  weights: ReadonlyMap<string, number>,
  total: number,
): ReadonlyMap<string, { readonly exact: number; readonly whole: number }> {
  const servers = [...weights].sort(([a, weightA], [b, weightB]) => weightB - weightA || (a < b ? -1 : 1));
  const scale = scaleFor(
    servers.map(([, weight]) => weight),
    total,
  );
  const parts = servers.map(([server, weight], index) => {
    const exact = within(weight * scale);
    // a whole number that arithmetic left a little short of itself
    const whole = Math.floor(exact + 1e-9);
    return { server, exact, whole, remainder: exact - whole, index };
  });
  const missing = Math.round(total) - sum(parts.map(({ whole }) => whole));
  const raised = parts
    .filter(({ whole }) => whole < maxWeight)
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index)
    .slice(0, Math.max(0, missing));
  const raisedServers = new Set(raised.map(({ server }) => server));
  return new Map(
    parts.map(({ server, exact, whole }) => [server, { exact, whole: raisedServers.has(server) ? whole + 1 : whole }]),
  );
}

/** The factor for which the weights, each kept within 1 and 256, sum to `total`: the sum grows with the factor. */
function scaleFor(weights: readonly number[], total: number): number {
  let low = 0;
  let high = maxWeight / Math.min(...weights);
  for (let halving = 0; halving < halvings; halving += 1) {
    const middle = (low + high) / 2;
    if (sum(weights.map((weight) => within(weight * middle))) < total) low = middle;
    else high = middle;
  }
  return high;
}

function within(weight: number): number {
  return Math.min(maxWeight, Math.max(1, weight));
}
