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
  /** How far HAProxy's counters prove that it can do more, 0 to 1. */
  readonly proven: number;
}

export interface ShareLimit {
  /** 1 or less; holds the server to the largest part it may have. */
  readonly factor: number;
  /** That part, where its counters prove that it may have more than any other server; null: they need not. */
  readonly provenPart: number | null;
}

export const unlimited: ShareLimit = { factor: 1, provenPart: null };
/** However much is proven, the others must stay in sight. */
const mostProvenPart = 0.97;

/**
 * The limit of each server. Only one server of a backend can be above it. The configuration is the operator's word: a server that
 * has a larger part of the configured weights may have that. What HAProxy's counters prove gives it more, step by step. Pure.
 */
export function shareLimits(servers: readonly Weighed[]): (server: Weighed) => ShareLimit {
  const [largest, ...others] = servers.map(({ learned }) => learned).sort((a, b) => b - a);
  if (largest === undefined || others.length === 0) return () => unlimited;
  const ofOthers = sum(others);
  // a recording may have 0 for all
  const totalConfigured = Math.max(1, sum(servers.map(({ configured }) => configured)));
  return ({ learned, configured, proven }) => {
    // a limit is above a half, so only one can be over it
    if (learned < largest) return unlimited;
    const given = Math.max(largestPart(servers.length), configured / totalConfigured);
    const most = Math.max(given, given + proven * (mostProvenPart - given));
    if (most >= 1) return unlimited;
    const factor = Math.min(learned, (ofOthers * most) / (1 - most)) / learned;
    const isOver = learned > given * (learned + ofOthers);
    return { factor, provenPart: isOver && most > given ? most : null };
  };
}
