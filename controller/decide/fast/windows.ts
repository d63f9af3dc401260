import type { Counted, LookRow } from './look-row.ts';

/** Sums in which what is older counts less. */
export interface Windows {
  /** Answers of about the last ten seconds. */
  readonly recent: Answers;
  /** Answers of about the last half second. */
  readonly latest: Answers;
  readonly flow: FlowWindow;
}

export interface Answers {
  readonly ok: number;
  readonly errors: number;
}

/** Of about the last two seconds. */
interface FlowWindow {
  readonly started: number;
  readonly answered: number;
  /** Requests in flight x ms. */
  readonly inFlightMs: number;
  readonly ms: number;
}

const noAnswers: Answers = { ok: 0, errors: 0 };
export const emptyWindows: Windows = {
  recent: noAnswers,
  latest: noAnswers,
  flow: { started: 0, answered: 0, inFlightMs: 0, ms: 0 },
};

const recentMs = 10_000;
const latestMs = 500;
const flowMs = 2_000;
/** What is assumed of a server before it has answered: so many answers, with this share of errors. */
const priorAnswers = 10;
const priorShare = 0.01;

export function windowsAfter(
  { recent, latest, flow }: Windows,
  counted: Counted,
  { inFlight }: Pick<LookRow, 'inFlight'>,
  elapsedMs: number,
): Windows {
  const kept = Math.exp(-elapsedMs / flowMs);
  return {
    recent: answersAfter(recent, counted, elapsedMs / recentMs),
    latest: answersAfter(latest, counted, elapsedMs / latestMs),
    flow: {
      started: kept * flow.started + counted.started,
      answered: kept * flow.answered + counted.ok + counted.errors,
      inFlightMs: kept * flow.inFlightMs + inFlight * elapsedMs,
      ms: kept * flow.ms + elapsedMs,
    },
  };
}

function answersAfter(before: Answers, { ok, errors }: Counted, age: number): Answers {
  const kept = Math.exp(-age);
  return { ok: kept * before.ok + ok, errors: kept * before.errors + errors };
}

/** The share of errors that is expected of a server's next answers, 0 to 1: errors that begin count at once. */
export function expectedShare({ recent, latest }: Windows): number {
  return Math.max(shareOf(recent), shareOf(latest));
}

function shareOf({ ok, errors }: Answers): number {
  return (errors + priorShare * priorAnswers) / (ok + errors + priorAnswers);
}

/** Requests per second that are sent to it. */
export function ratePerSecond({ flow }: Windows): number {
  return flow.ms === 0 ? 0 : (1_000 * flow.started) / flow.ms;
}

/** Successes per second, of about the last half second, from looks that are so far apart. */
export function okPerSecond({ latest }: Windows, elapsedMs: number): number {
  return (1_000 * latest.ok * (1 - Math.exp(-elapsedMs / latestMs))) / elapsedMs;
}

/** Requests in flight, in the mean; 0 where nothing is known. */
export function inFlightMean({ flow }: Pick<Windows, 'flow'>): number {
  return flow.ms === 0 ? 0 : flow.inFlightMs / flow.ms;
}

/** How long a request takes, by Little's formula, in ms; null: nothing was answered. */
export function responseMs({ flow }: Pick<Windows, 'flow'>): number | null {
  return flow.answered < 0.5 ? null : flow.inFlightMs / flow.answered;
}
