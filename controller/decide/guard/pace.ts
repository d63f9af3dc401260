import type { Observation } from '../../../shared/contract/observation.ts';
import { hadTraffic } from './agent-of.ts';

/** What HAProxy's counters and the agent say of one server's work; older ticks count less. */
export interface Pace {
  /** Requests that it did, and what that took: seconds of one busy core. */
  readonly requests: number;
  readonly busySeconds: number;
  /** Requests that it answered, errors included, and how long they were in flight, all together. */
  readonly answers: number;
  readonly flightSeconds: number;
  /** Over which these were counted. */
  readonly seconds: number;
  /** Seconds that a request takes where none waits: the least mean of ten ticks so far; null: not known yet. */
  readonly restSeconds: number | null;
}

export const noPace: Pace = {
  requests: 0,
  busySeconds: 0,
  answers: 0,
  flightSeconds: 0,
  seconds: 0,
  restSeconds: null,
};

/** Share of what was counted that is forgotten in a tick. */
const forgotten = 0.1;
/** Fewer answers say little of how long a request takes, fewer requests nothing of how fast a core is, and less CPU is noise. */
const enoughAnswers = 20;
const enoughRequests = 5;
const enoughBusySeconds = 0.05;
/** With fewer requests in flight none waits, and how long one takes is mostly chance. */
const fewInFlight = 3;
/** The least time is allowed to grow by so much a tick: requests may have become heavier. */
const relaxed = 1.005;

/**
 * One more tick. Without counters, or without a request, nothing changes. Where other HAProxys use the server too, a busy core does
 * so many requests of this one, beside the others': a part of its capacity, as these are a part of the demand.
 */
export function paceAfter(before: Pace, observation: Observation, elapsedMs: number): Pace {
  const { traffic, agent } = observation;
  if (traffic === null || !hadTraffic(observation)) return before;
  const seconds = elapsedMs / 1_000;
  const kept = 1 - forgotten;
  const answered = traffic.ok + traffic.errors;
  const answers = kept * before.answers + answered;
  const flightSeconds = kept * before.flightSeconds + inFlightOf(observation) * seconds;
  const now = {
    ...before,
    answers,
    flightSeconds,
    seconds: kept * before.seconds + seconds,
    restSeconds: restAfter(before.restSeconds, answers, flightSeconds),
  };
  if (agent.state === 'stale' || agent.utilisation.cpu === null) return now;
  const busy = Math.max(agent.utilisation.cpu, agent.utilisation.bandwidth ?? 0) * agent.effectiveCores;
  return {
    ...now,
    requests: kept * before.requests + traffic.ok,
    busySeconds: kept * before.busySeconds + busy * seconds,
  };
}

/** The least mean of some ticks: one reading of the requests in flight is mostly chance. */
function restAfter(before: number | null, answers: number, flightSeconds: number): number | null {
  const least = before === null ? null : before * relaxed;
  if (answers < enoughAnswers || flightSeconds === 0) return least;
  const mean = flightSeconds / answers;
  return Math.min(least ?? mean, mean);
}

/** Mean of the requests in flight since the last tick, or those in flight now. */
export function inFlightOf({ flow, inFlight }: Observation): number {
  return flow?.inFlightMean ?? inFlight;
}

/**
 * Requests per second that one busy core does, or less where they took so little CPU that it cannot be measured; null: too few were
 * counted.
 */
export function perCore({ requests, busySeconds }: Pace): number | null {
  return requests < enoughRequests ? null : requests / Math.max(busySeconds, enoughBusySeconds);
}

/** How many times longer a request takes than where none waits, 1 or more, and 1 with few in flight; null: not known. */
export function slowdown(pace: Pace, mostRestSeconds: number): number | null {
  const { answers, flightSeconds, seconds, restSeconds } = pace;
  if (restSeconds === null || answers < 1) return null;
  if (flightSeconds < fewInFlight * seconds) return 1;
  return Math.max(1, flightSeconds / answers / Math.max(1e-6, Math.min(restSeconds, mostRestSeconds)));
}
