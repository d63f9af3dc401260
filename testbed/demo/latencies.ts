import { mean, percentile } from '../../shared/math/statistics.ts';
import type { Outcome } from '../rig/load/outcome.ts';

/** What became of a set of requests. Times in ms, from the moment a request was meant to be sent. */
export interface Summary {
  readonly requests: number;
  readonly failed: number;
  /** Response times; a failed request counts with the deadline, however early it failed. null without requests. */
  readonly meanMs: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Answered within one second, of all that were sent; 0 to 1. */
  readonly withinSecond: number | null;
}

const oneSecondMs = 1_000;

export function summarise(outcomes: readonly Outcome[], deadlineMs: number): Summary {
  const times = outcomes.map((outcome) => responseMs(outcome, deadlineMs)).sort((a, b) => a - b);
  const failed = outcomes.filter(({ failure }) => failure !== null).length;
  const within = outcomes.filter(
    (outcome) => outcome.failure === null && responseMs(outcome, deadlineMs) <= oneSecondMs,
  );
  return {
    requests: times.length,
    failed,
    meanMs: mean(times),
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    withinSecond: times.length === 0 ? null : within.length / times.length,
  };
}

function responseMs(outcome: Outcome, deadlineMs: number): number {
  return outcome.failure === null ? outcome.endedAtMs - outcome.atMs : deadlineMs;
}
