import { sum } from '../../../shared/math/statistics.ts';

/**
 * The largest part of a backend that one server may get from what agents report: a half, and an equal part of the other half
 * (75 % of two servers, 62.5 % of four, 52.5 % of twenty). An agent can report anything, so one agent alone must never be able
 * to draw nearly all of the traffic to its server.
 */
function largestPart(servers: number): number {
  return 0.5 + 0.5 / servers;
}

export interface Weighed {
  /** Learned relative weight, above 0. */
  readonly learned: number;
  readonly configured: number;
}

/**
 * The factor, 1 or less, that holds a server to the largest part it may have. Only one server of a backend can be above it.
 * The configuration is the operator's word: a server that has a larger part of the configured weights may have that. Pure.
 */
export function shareLimits(servers: readonly Weighed[]): (server: Weighed) => number {
  const [largest, ...others] = servers.map(({ learned }) => learned).sort((a, b) => b - a);
  if (largest === undefined || others.length === 0) return () => 1;
  const ofOthers = sum(others);
  // a recording may have 0 for all
  const totalConfigured = Math.max(1, sum(servers.map(({ configured }) => configured)));
  return ({ learned, configured }) => {
    // a limit is above a half, so only one can be over it
    if (learned < largest) return 1;
    const most = Math.max(largestPart(servers.length), configured / totalConfigured);
    return most >= 1 ? 1 : Math.min(learned, (ofOthers * most) / (1 - most)) / learned;
  };
}
