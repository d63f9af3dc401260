import type { OpenCause } from '../../../shared/contract/server-limit.ts';
import { sum } from '../../../shared/math/statistics.ts';
import type { Orders } from '../orders.ts';
import {
  isAnyFailing,
  type Limitable,
  type LimitsInput,
  openReason,
  takesWithoutLimit,
  type Wanted,
} from './limitable.ts';
import { type Proven, provenLimit } from './proven.ts';
import { type LimitMemory, type LimitsState, noMemory } from './state.ts';
import { isQuiet } from './unqueued.ts';

/** `wellInFlight` is forgotten by this part a tick. */
const forgetting = 0.001;

interface Judged extends Limitable {
  readonly proven: Proven;
}

/** Proven limits: for all servers, or for none. One without would get what the others may not. Pure. */
export function decideProven(
  limitable: readonly Limitable[],
  { observations, orders, elapsedMs }: LimitsInput,
  before: LimitsState,
): { readonly wanted: ReadonlyMap<string, Wanted>; readonly state: LimitsState } {
  const judged = limitable.map(({ observation, reading }): Judged => {
    const memory = before.servers.get(observation.server) ?? noMemory;
    const order = orders.get(observation.server);
    return { observation, reading, proven: provenLimit(observation, reading, order, memory, elapsedMs) };
  });
  const wellInFlight = wellAfter(before, limitable, orders, elapsedMs);
  // one at weight 0 gets nothing, with a limit or without
  const open = judged.filter(({ observation, proven }) => proven.limit === null && observation.currentWeight > 0);
  const isTooLow = sum(judged.map(({ proven }) => proven.limit ?? Number.POSITIVE_INFINITY)) < wellInFlight;
  const isOpen = open.length > 0 || observations.some(takesWithoutLimit);
  const isFailing = isAnyFailing(limitable);
  const common: OpenCause | null = isFailing ? 'failing' : isOpen ? 'another-open' : isTooLow ? 'unproven' : null;
  const present = new Set(observations.map(({ server }) => server));
  const kept = [...before.servers].filter(([server]) => present.has(server));
  const memories = judged.map(({ observation, proven: { memory } }): [string, LimitMemory] => [
    observation.server,
    common === null || common === 'failing' ? memory : { ...memory, limit: null },
  ]);
  return {
    wanted: new Map(judged.map(({ observation, proven }) => [observation.server, wantedOf(proven, common)])),
    state: { ...before, servers: new Map([...kept, ...memories]), wellInFlight },
  };
}

function wantedOf(proven: Proven, common: OpenCause | null): Wanted {
  if (proven.limit === null) return { limit: null, reason: openReason(proven.because, proven.memory.refuted) };
  if (common !== null) return { limit: null, reason: openReason(common, null) };
  const { limit, capacity, time } = proven;
  return { limit, reason: { code: 'proven', requestsPerSecond: capacity, unqueuedMs: time.ms, answers: time.answers } };
}

function wellAfter(before: LimitsState, limitable: readonly Limitable[], orders: Orders, elapsedMs: number): number {
  const kept = before.wellInFlight * (1 - forgetting);
  const isWell = limitable.every(({ observation }) => {
    const { server, traffic } = observation;
    const answers = traffic === null ? 0 : traffic.ok + traffic.errors;
    return isQuiet(observation, orders.get(server)?.capacity ?? null, answers, elapsedMs);
  });
  if (!isWell) return kept;
  return Math.max(kept, sum(limitable.map(({ observation }) => observation.flow?.inFlightMean ?? 0)));
}
