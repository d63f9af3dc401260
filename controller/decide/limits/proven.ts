import { maxLimit } from '../../../shared/contract/limits.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import type { LimitReading, OpenCause, Refutation } from '../../../shared/contract/server-limit.ts';
import type { Order } from '../orders.ts';
import type { LimitMemory } from './state.ts';
import { learnUnqueued, nothingKnown, type UnqueuedTime, unqueuedTime } from './unqueued.ts';

/** So many answers prove a time; twice as many after each time that the limit was found wrong. */
const neededAnswers = 100;
/** So many times, and more answers are needed than are ever remembered. */
const mostDoublings = 10;
/** No limit is below this, nor below the server's cores. */
const leastLimit = 2;
/** A limit comes down by this part a tick at most, from so many times the goal. */
const fall = 0.8;
const fallFrom = 4;
/** A server that was at its limit for this part of a tick, and did less than `worksPart` of what it can, is not busy with it. */
const longFull = 0.3;
const worksPart = 0.6;

export type Proven =
  | { readonly limit: number; readonly capacity: number; readonly time: UnqueuedTime; readonly memory: LimitMemory }
  | { readonly limit: null; readonly because: OpenCause; readonly memory: LimitMemory };

/**
 * The limit of one server that does not scale with the load. By Little's formula it has capacity x time requests in flight while it
 * does all that it can; chance takes that up to the root more (Halfin and Whitt 1981). Only where the time is proven. Pure.
 */
export function provenLimit(
  observation: Observation,
  reading: LimitReading,
  order: Order | undefined,
  before: LimitMemory,
  elapsedMs: number,
): Proven {
  const capacity = order?.capacity ?? null;
  const refuted = reading.refuted ?? (isIdleAtLimit(observation, reading, capacity, elapsedMs) ? 'not-working' : null);
  const learned = refuted === null ? learn(before, observation, capacity, elapsedMs) : refute(before, refuted);
  const open = (because: OpenCause): Proven => ({ limit: null, because, memory: { ...learned, limit: null } });
  if (reading.otherWriter) return open('other-writer');
  if (observation.agent.state !== 'fresh') return open('stale');
  if (order === undefined || order.full === 0 || observation.fast.breaker !== 'closed' || observation.fast.ramp < 1)
    return open('not-full-weight');
  if (capacity === null) return open('no-capacity');
  const time = unqueuedTime(learned.unqueued, neededAnswers * 2 ** Math.min(mostDoublings, learned.times));
  if (time === null) return open(learned.refuted === null ? 'unproven' : 'refuted');
  const atWork = (capacity * time.ms) / 1_000;
  const least = Math.max(leastLimit, Math.ceil(observation.agent.effectiveCores));
  const goal = Math.min(maxLimit, Math.max(least, Math.ceil(atWork + Math.sqrt(atWork))));
  if (reading.configured !== null && reading.configured <= goal) return open('configured-lower');
  const highest = Math.max(goal, Math.floor((before.limit ?? (fallFrom * goal) / fall) * fall));
  const limit = Math.min(highest, reading.configured ?? maxLimit);
  return { limit, capacity, time, memory: { ...learned, limit, refuted: null } };
}

function learn(before: LimitMemory, observation: Observation, capacity: number | null, elapsedMs: number): LimitMemory {
  return { ...before, unqueued: learnUnqueued(before.unqueued, observation, capacity, elapsedMs) };
}

/**
 * What was known is of other requests, or of other servers behind this one. Where requests gave up, `timeout queue` is shorter than
 * it takes to find a limit wrong, and stays so: the next limit would fail some, too.
 */
function refute(before: LimitMemory, refuted: Refutation): LimitMemory {
  const times = refuted === 'gave-up' ? mostDoublings : before.times + 1;
  return { unqueued: nothingKnown, limit: null, refuted, times };
}

/** By its CPU over the tick and by what it answered: one that became slow is busy, one whose requests wait elsewhere is not. */
function isIdleAtLimit(
  { agent, traffic }: Observation,
  { fullPart }: LimitReading,
  capacity: number | null,
  elapsedMs: number,
): boolean {
  const cpu = agent.state === 'fresh' ? agent.utilisation.cpu : null;
  if (fullPart < longFull || cpu === null || traffic === null || capacity === null) return false;
  const could = (capacity * fullPart * elapsedMs) / 1_000;
  return cpu < worksPart * fullPart && traffic.ok + traffic.errors < worksPart * could;
}
