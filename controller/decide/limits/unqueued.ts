import type { Observation } from '../../../shared/contract/observation.ts';
import { undisturbed } from '../../../shared/contract/observation.ts';

/** Sums over ticks, in which older ones count less. */
interface Sums {
  readonly answers: number;
  /** Requests in flight x ms. */
  readonly inFlightMs: number;
  /** Of the squares of the ticks' mean times, each as often as the tick has answers, in ms^2. */
  readonly squares: number;
  readonly ticks: number;
}

/** What is remembered of how long a server's requests take while it has little to do. */
export interface Unqueued {
  readonly all: Sums;
  /** The same of about the last hundred answers: a change shows there first. */
  readonly recent: Sums;
  /** Since the last tick that says something, in ms. */
  readonly ageMs: number;
}

const none: Sums = { answers: 0, inFlightMs: 0, squares: 0, ticks: 0 };
export const nothingKnown: Unqueued = { all: none, recent: none, ageMs: 0 };

/** How long a request takes that does not wait for another one. */
export interface UnqueuedTime {
  /** In ms, with two standard errors added: too long a time only makes a limit too high. */
  readonly ms: number;
  readonly answers: number;
}

/** Up to this part of its CPU, and of its capacity, a server has little to do. */
const quietPart = 0.5;
/** A tick with fewer answers says too little. */
const leastAnswers = 3;
/** More errors than this share: their time says nothing of the others'. */
const mostErrors = 0.01;
/** A sum forgets about so many answers ago. */
const memoryAnswers = 2_000;
const recentAnswers = 100;
const leastTicks = 5;
const longestAgeMs = 24 * 3_600_000;

/**
 * One more tick. Little's formula gives the mean time: requests in flight x time / answers. `capacity`: requests/s, null where not
 * known. Requests that are in flight for minutes count with all of their time. Pure.
 */
export function learnUnqueued(
  before: Unqueued,
  observation: Observation,
  capacity: number | null,
  elapsedMs: number,
): Unqueued {
  const { traffic, flow } = observation;
  const answers = traffic === null ? 0 : traffic.ok + traffic.errors;
  if (!isQuiet(observation, capacity, answers, elapsedMs) || flow?.inFlightMean == null) {
    return { ...before, ageMs: before.ageMs + elapsedMs };
  }
  const tick = { answers, inFlightMs: flow.inFlightMean * elapsedMs };
  return { all: add(before.all, tick, memoryAnswers), recent: add(before.recent, tick, recentAnswers), ageMs: 0 };
}

/** Whether hardly any of its requests waits for another one. */
export function isQuiet(
  { agent, traffic, flow, fast, limit }: Observation,
  capacity: number | null,
  answers: number,
  elapsedMs: number,
): boolean {
  const cpu = agent.state === 'fresh' ? agent.utilisation.cpu : null;
  if (cpu === null || cpu > quietPart || traffic === null || answers < leastAnswers) return false;
  if (traffic.errors > mostErrors * answers || flow === null || flow.queued > 0) return false;
  const isFull = limit?.refuted == null && (limit?.fullPart ?? 0) > 0;
  const isDisturbed = fast.breaker !== undisturbed.breaker || fast.ramp < 1;
  return !isFull && !isDisturbed && capacity !== null && (1_000 * answers) / elapsedMs <= quietPart * capacity;
}

function add(before: Sums, { answers, inFlightMs }: Pick<Sums, 'answers' | 'inFlightMs'>, memory: number): Sums {
  const kept = Math.exp(-answers / memory);
  return {
    answers: kept * before.answers + answers,
    inFlightMs: kept * before.inFlightMs + inFlightMs,
    squares: kept * before.squares + inFlightMs ** 2 / answers,
    ticks: kept * before.ticks + 1,
  };
}

/** null: fewer than `needed` answers are remembered, or all of them from too long ago. */
export function unqueuedTime({ all, recent, ageMs }: Unqueued, needed: number): UnqueuedTime | null {
  if (all.answers < needed || all.ticks < leastTicks || ageMs > longestAgeMs) return null;
  const meanMs = all.inFlightMs / all.answers;
  const variance = Math.max(0, all.squares / all.answers - meanMs ** 2);
  const ms = Math.max(meanMs, recent.inFlightMs / recent.answers) + 2 * Math.sqrt(variance / all.ticks);
  return { ms, answers: Math.round(all.answers) };
}
