import { sum } from '../../../shared/math/statistics.ts';
import type { Entry } from './learn.ts';
import type { GuardState, ServerMemory } from './state.ts';

/** Requests and ticks since the last write, if nothing is written now. */
export function sinceLastWrite(before: GuardState, entries: readonly Entry[]) {
  const requests = sum(entries.map(({ observation: { traffic } }) => (traffic?.ok ?? 0) + (traffic?.errors ?? 0)));
  return {
    requestsSinceWrite: before.requestsSinceWrite + requests,
    ticksSinceWrite: before.ticksSinceWrite + 1,
  };
}

/** Servers that left rotation keep what was learned of them, for when they return. */
export function remember(
  before: GuardState,
  memories: readonly (readonly [string, ServerMemory])[],
  present: ReadonlySet<string>,
): ReadonlyMap<string, ServerMemory> {
  const known = [...before.servers].filter(([server]) => present.has(server));
  const gone = known.map(([server, memory]) => [server, { ...memory, inRotation: false }] as const);
  return new Map([...gone, ...memories]);
}
