import type { Problem } from '../shared/contract/problem.ts';
import { haproxyVersion } from '../shared/contract/problems/haproxy-socket.ts';

/*
 * How HAProxy's versions differ, in one place; docs/operations.md tells users. Everything else that haweight relies on is the
 * same from 2.4 to 3.4: columns are found by name, and replies are known by their shape.
 */

/** The branches that haweight is made for: the oldest and the newest. */
export const madeFor = { oldest: '2.4', newest: '3.4' } as const;

/** What a user of the Runtime API meets in one version and not in another. */
export interface VersionTraits {
  /** Whether `add server` wants `experimental-mode on;` before it (2.4 and 2.5: the examples that HAProxy published with 2.5). */
  readonly addServerIsExperimental: boolean;
  /** Whether a frontend and a backend may have the same name (refused by 3.4, which says: since 3.3). */
  readonly proxiesMayShareName: boolean;
  /** Whether a request is given up when its client closes its half of the connection (seen on 3.4, not on 3.2). */
  readonly halfClosedClientAborts: boolean;
  /** Whether maintenance moves the requests that wait for a server also without `option redispatch` (seen on 3.0, not on 2.6). */
  readonly maintenanceMovesQueue: boolean;
  /** Whether `option redispatch` sends what waits for a server that goes DOWN there once more first (seen on 3.0, not on 2.6). */
  readonly downGetsQueue: boolean;
}

/** Of a version that cannot be read: as of the newest. */
export function traitsOf(version: string): VersionTraits {
  const number = branchNumber(version) ?? branchNumber(madeFor.newest) ?? 0;
  return {
    addServerIsExperimental: number < 206,
    proxiesMayShareName: number < 303,
    halfClosedClientAborts: number >= 303,
    maintenanceMovesQueue: number >= 300,
    downGetsQueue: number >= 300,
  };
}

/** For a version that haweight is not made for. It does not stop: what matters is checked in every reply. */
export function versionProblem(version: string, socket: string): Problem | null {
  const number = branchNumber(version);
  const [oldest = 0, newest = 0] = [madeFor.oldest, madeFor.newest].map((branch) => branchNumber(branch) ?? 0);
  if (number !== null && number >= oldest && number <= newest) return null;
  return haproxyVersion(socket, `${madeFor.oldest} to ${madeFor.newest}`, version);
}

/** 2.6.12-1+deb12u4 and 2.6-dev3 are 206; null for a text without a version number. */
function branchNumber(version: string): number | null {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,2})(?!\d)/.exec(version) ?? [];
  return major === undefined || minor === undefined ? null : Number(major) * 100 + Number(minor);
}
