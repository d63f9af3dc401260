import { sum } from '../../../shared/math/statistics.ts';

/**
 * The largest part of a backend that what agents say may give one server: a half, and an equal part of the other half (75 %
 * of two servers, 62.5 % of four, 52.5 % of twenty). An agent can say anything, so the word of one is never enough to draw
 * nearly all of the traffic to its server.
 */
function largestPart(servers: number): number {
  return 0.5 + 0.5 / servers;
}

/**
 * Weights as learned, but none above the largest part that its server may have. The configuration is the operator's word:
 * a server that has a larger part of the configured weights may have that. Pure.
 */
export function limitShares(learned: readonly number[], configured: readonly number[]): readonly number[] {
  const [largest, ...others] = learned.toSorted((a, b) => b - a);
  if (largest === undefined || others.length === 0) return learned;
  const totalConfigured = sum(configured);
  return learned.map((weight, index) => {
    // a limit is above a half, so only one can be over it
    if (weight < largest) return weight;
    const most = Math.max(largestPart(learned.length), (configured[index] ?? 0) / totalConfigured);
    return most >= 1 ? weight : Math.min(weight, (sum(others) * most) / (1 - most));
  });
}
