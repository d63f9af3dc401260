import { sum } from '../../../shared/math/statistics.ts';
import type { GuardState, ServerMemory } from './state.ts';
import type { Entry } from './take-in.ts';

/** Requests that the server answered in this tick; 0 where they could not be counted. */
export function requestsOf({ observation: { traffic } }: Entry): number {
  return traffic === null ? 0 : traffic.ok + traffic.errors;
}

/** Requests and ticks since the last write, provided that nothing is written now. */
export function sinceLastWrite(before: GuardState, entries: readonly Entry[]) {
  const requests = sum(entries.map(requestsOf));
  return {
    requestsSinceWrite: before.requestsSinceWrite + requests,
    ticksSinceWrite: before.ticksSinceWrite + 1,
  };
}

/** Servers that left rotation keep what was learned, for when they return. */
export function remember(
  before: GuardState,
  memories: readonly (readonly [string, ServerMemory])[],
  present: ReadonlySet<string>,
): ReadonlyMap<string, ServerMemory> {
  const known = [...before.servers].filter(([server]) => present.has(server));
  const gone = known.map(([server, memory]) => [server, { ...memory, inRotation: false }] as const);
  return new Map([...gone, ...memories]);
}
