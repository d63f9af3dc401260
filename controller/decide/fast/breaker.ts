import type { Counted } from './look-row.ts';
import type { Answers } from './windows.ts';

/** What is remembered of one server's circuit breaker. */
export interface Breaker {
  /** `probing`: it has a little weight; `judging`: it has none again, and the answers of the probe are awaited. */
  readonly phase: 'closed' | 'open' | 'probing' | 'judging';
  /** ln of a likelihood ratio, 0 or more: how much likelier its answers are if most are errors than if it is like the others. */
  readonly evidence: number;
  /** Answers since the evidence was 0; older ones count less. */
  readonly run: Answers;
  /** Share of errors among its answers when it opened, 0 to 1; 0 while it is closed. */
  readonly errorShare: number;
  /** Until the next probe, in ms; while judging, until the probe counts as failed. */
  readonly remainingMs: number;
  /** Times in a row that it opened. */
  readonly times: number;
  /** How long it has been closed since, in ms. */
  readonly closedMs: number;
  /** Counted since the probe began. */
  readonly probe: { readonly started: number; readonly ok: number };
}

export const closedBreaker: Breaker = {
  phase: 'closed',
  evidence: 0,
  run: { ok: 0, errors: 0 },
  errorShare: 0,
  remainingMs: 0,
  times: 0,
  closedMs: 0,
  probe: { started: 0, ok: 0 },
};

/** What a look counted for a server, in the terms of its breaker. */
export interface Evidence {
  readonly ok: number;
  /** Errors; one that came slowly counts as a fraction. */
  readonly errors: number;
  /** Errors that count against a probe, fast or not. */
  readonly failures: number;
  readonly started: number;
}

/**
 * If the hypothesis that opens the breaker is right, this share of its answers are errors. If the other one is, it is the other
 * servers' share.
 */
const failingShare = 0.6;
/** The other servers' share counts as at least this: three errors in a row among a million answers open nothing. */
const leastShare = 0.02;
/** It opens from this evidence on: four errors without a success where the others have none, a dozen where they have 20 %. */
export const enoughEvidence = 13;
/** ... if at least this share of its answers are errors: a server that does most of its work is worth more than none. */
const enoughShare = 0.4;
const runMs = 10_000;
/** Longest time without a probe. A breaker that was closed for as long forgets how often it has opened. */
const longestMs = 60_000;
/** After so many answers without an error a probe has succeeded. It asks for no more requests than these. */
const probeAnswers = 3;
/** Longest wait for a probe's answers. */
const judgeMs = 10_000;

/** The evidence of a look. `fastPart`: what an error counts, 0 to 1. `refusing`: the part of the 4xx that counts as errors. */
export function evidenceOf(counted: Counted, fastPart: number, refusing: number): Evidence {
  const refusals = refusing * Math.min(counted.ok, counted.clientErrors);
  const failures = counted.errors + counted.refused + refusals;
  return {
    ok: counted.ok - refusals,
    errors: fastPart * counted.errors + counted.refused + refusals,
    failures,
    started: counted.started,
  };
}

/** One look at a closed breaker. `ofOthers`: the share of errors among the other servers' answers, 0 to 1. */
export function weigh(before: Breaker, { ok, errors }: Evidence, ofOthers: number, elapsedMs: number): Breaker {
  const expected = Math.max(leastShare, ofOthers);
  const forErrors = errors * Math.log(failingShare / expected);
  const forSuccesses = ok * Math.log((1 - failingShare) / (1 - expected));
  const evidence = Math.min(enoughEvidence, Math.max(0, before.evidence + forErrors + forSuccesses));
  const kept = Math.exp(-elapsedMs / runMs);
  const run = { ok: kept * before.run.ok + ok, errors: kept * before.run.errors + errors };
  const closedMs = before.closedMs + elapsedMs;
  return {
    ...before,
    evidence,
    run: evidence === 0 ? closedBreaker.run : run,
    closedMs,
    times: closedMs >= longestMs ? 0 : before.times,
  };
}

export function isConvincing({ phase, evidence, run }: Breaker): boolean {
  return phase === 'closed' && evidence >= enoughEvidence && runShare(run) >= enoughShare;
}

function runShare({ ok, errors }: Answers): number {
  return ok + errors === 0 ? 0 : errors / (ok + errors);
}

/** `firstMs`: how long the first time; then twice as long each time. */
export function open(before: Breaker, firstMs: number): Breaker {
  const errorShare = before.phase === 'closed' ? runShare(before.run) : before.errorShare;
  const remainingMs = Math.min(Math.max(longestMs, firstMs), firstMs * 2 ** before.times);
  return { ...closedBreaker, phase: 'open', errorShare, remainingMs, times: before.times + 1 };
}

/** Closed, and remembering how often it opened. */
export function close({ times }: Breaker): Breaker {
  return { ...closedBreaker, times };
}

/** One look at a breaker that is not closed. `seen`: what was counted since the look before; null: nothing is known. */
export function stepOpen(
  before: Breaker,
  seen: Evidence | null,
  inFlight: number,
  elapsedMs: number,
  firstMs: number,
): Breaker {
  const { phase, probe } = before;
  const remainingMs = Math.max(0, before.remainingMs - elapsedMs);
  if (phase === 'open') return remainingMs > 0 ? { ...before, remainingMs } : probing(before);
  if (seen === null) return before;
  if (seen.failures > 0) return open(before, firstMs);
  const answered = { started: probe.started + seen.started, ok: probe.ok + seen.ok };
  if (answered.ok >= probeAnswers) return close(before);
  if (phase === 'probing') {
    return answered.started < probeAnswers
      ? { ...before, probe: answered }
      : { ...before, phase: 'judging', remainingMs: judgeMs, probe: answered };
  }
  if (inFlight === 0) return { ...probing(before), probe: { started: 0, ok: answered.ok } };
  return remainingMs === 0 ? open(before, firstMs) : { ...before, remainingMs, probe: answered };
}

/** It is tried with a few requests. */
function probing(before: Breaker): Breaker {
  return { ...before, phase: 'probing', remainingMs: 0, probe: closedBreaker.probe };
}
