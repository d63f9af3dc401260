import type { Reason } from '../../../shared/contract/decision.ts';
import type { FastState, Traffic } from '../../../shared/contract/observation.ts';
import { medianWithout } from '../../../shared/math/statistics.ts';

/** The last answers of one server: older ones count less. */
export interface LastAnswers {
  readonly errors: number;
  /** Errors and successes; 4xx that do not stand out are neither. */
  readonly answers: number;
}

export const noAnswers: LastAnswers = { errors: 0, answers: 0 };

/** A server's share of errors against the other servers', all 0 to 1. */
export interface ErrorJudgement {
  readonly share: number;
  readonly others: number;
  /** What the server is cut for; `errorFactor` says what that leaves. */
  readonly excess: number;
}

export interface ErrorSubject {
  readonly server: string;
  readonly last: LastAnswers;
  readonly fast: FastState;
}

/** Answers count for about this long, in ms ... */
const windowMs = 10_000;
/** ... but so many are kept where a server has fewer: one that was cut has few. */
const keptAnswers = 20;
/** Without answers, errors are forgotten in this time, in ms: after it, a server with little traffic is tried again. */
const forgottenMs = 120_000;
/** Of a busy server so many: more would not make its share more certain than it has to be. */
const mostAnswers = 400;

/** Standard deviations of the interval: its lower bound is too high by chance at one of 40 ticks. */
const deviations = 2;
/** One error can be chance, however few answers there are. */
const fewestErrors = 1.5;
/** So many times the others' share, and this much more, is no difference. */
const timesOthers = 2;
const toleratedShare = 0.02;
/** From this share of the others' errors on, what fails is what they have in common. */
const commonShare = 0.3;
/** What is assumed of a server before it has answered: so many answers, with this share of errors. */
const priorAnswers = 10;
const priorShare = 0.01;
const maxShare = 0.999;

/** The answers of one tick, 4xx left out. */
export function answersOf(traffic: Traffic | null): LastAnswers {
  if (traffic === null) return noAnswers;
  const { ok, errors, clientErrors } = traffic;
  return { errors, answers: errors + Math.max(0, ok - clientErrors) };
}

/**
 * One more tick. Busy servers forget at the same pace as others: a tick counts as at most its part of the window. Errors that
 * begin count at once.
 */
export function addAnswers(before: LastAnswers, tick: LastAnswers, elapsedMs: number): LastAnswers {
  const byTime = Math.exp(-elapsedMs / windowMs);
  const byAnswers = Math.min(Math.exp(-elapsedMs / forgottenMs), 1 - tick.answers / keptAnswers);
  const kept = Math.max(byTime, byAnswers);
  const added = atMost((1 - byTime) * mostAnswers, tick);
  const all = { errors: kept * before.errors + added.errors, answers: kept * before.answers + added.answers };
  const begins = lowerBound(before) <= toleratedShare && lowerBound(tick) > lowerBound(all);
  return atMost(mostAnswers, begins ? tick : all);
}

function atMost(answers: number, last: LastAnswers): LastAnswers {
  const part = Math.min(1, answers / Math.max(last.answers, 1e-9));
  return { errors: part * last.errors, answers: part * last.answers };
}

/** The share of errors that a server has at least: the lower bound of Wilson's interval, 0 to 1. */
function lowerBound({ errors, answers }: LastAnswers): number {
  if (errors < fewestErrors) return 0;
  const share = Math.min(1, errors / answers);
  const z2 = deviations ** 2;
  const spread = deviations * Math.sqrt((share * (1 - share)) / answers + z2 / (4 * answers ** 2));
  return Math.max(0, (share + z2 / (2 * answers) - spread) / (1 + z2 / answers));
}

/**
 * Every server's errors against the median of the other servers'. Only what is certainly more counts, so a few requests a
 * minute are enough and chance is not. Where the others fail too, for a database or because all are overloaded, none is cut.
 * A server alone is compared with none. Pure.
 */
export function judgeErrors(subjects: readonly ErrorSubject[]): ReadonlyMap<string, ErrorJudgement> {
  const shares = subjects.map(shareOf);
  const medianOfOthers = medianWithout(shares.filter((_, index) => hasAnswered(subjects[index])));
  return new Map(
    subjects.map(({ server, last }, index) => {
      const others = medianOfOthers(shares[index] ?? 0) ?? priorShare;
      const isJudged = subjects.length > 1 && others <= commonShare;
      const certain = isJudged ? lowerBound(last) - timesOthers * others - toleratedShare : 0;
      const share = last.answers === 0 ? 0 : Math.min(1, last.errors / last.answers);
      return [server, { share, others, excess: Math.max(0, certain) }] as const;
    }),
  );
}

/**
 * Whether more than half of the servers fail. Then the answers of none go on counting: servers of different traffic would forget
 * at different paces, and look different when what they share is back. Pure.
 */
export function doMostFail(subjects: readonly ErrorSubject[]): boolean {
  const shares = subjects.filter(hasAnswered).map(shareOf);
  return shares.filter(isCommon).length * 2 > shares.length;
}

/** Whether this share of the other servers' answers says that they fail for the same cause. */
export function isCommon(others: number): boolean {
  return others > commonShare;
}

/** Also of one whose breaker is open. */
function shareOf({ last, fast }: ErrorSubject): number {
  return Math.max(expectedShare(last), fast.errorShare);
}

function hasAnswered(subject: ErrorSubject | undefined): boolean {
  return subject !== undefined && (subject.last.answers > 0 || subject.fast.errorShare > 0);
}

function expectedShare({ errors, answers }: LastAnswers): number {
  return Math.min(1, (errors + priorShare * priorAnswers) / (answers + priorAnswers));
}

/** `factor`: what its errors leave of the weight. */
export function errorReasons({ share, others, excess }: ErrorJudgement, factor: number): Reason[] {
  if (excess > 0) return [{ code: 'errors', share, others, factor }];
  return isCommon(others) && share > toleratedShare ? [{ code: 'errors-in-common', share, others }] : [];
}

/** Weight left to a server with this excess of errors: at a half, an eighth. */
export function errorFactor(excess: number): number {
  return (1 - Math.min(excess, maxShare)) ** 3;
}
