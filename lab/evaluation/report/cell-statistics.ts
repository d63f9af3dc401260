import { percentile } from '../../../shared/math/statistics.ts';
import { answered, type Cell, noAnswer } from '../record.ts';
import { type Cumulative, countsAt } from './cumulative.ts';

export const failureKinds = ['none', '500', '502', '503', '504', 'other'] as const;
/** `none`: no answer; otherwise by status. HAProxy itself answers 502, 503 and 504; a failing server answers 500. */
export type FailureKind = (typeof failureKinds)[number];

/** The publication's bound. */
export const secondMs = 1_000;

/** The response time that a failed request counts as: the deadline of the load generator. */
export const lostMs = 5_000;

/** A cell in figures. Times in ms; shares from 0 to 1. */
export interface CellStatistics extends Pick<Cell, 'scenario' | 'contender' | 'repetition' | 'seed'> {
  /** Requests that were to be sent. */
  readonly sent: number;
  /** Of requests answered 200 only: a fast failure does not count as fast. null: no such request. */
  readonly meanMs: number | null;
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  /** Of all requests sent; each failed one counts as `lostMs`. */
  readonly chargedMeanMs: number;
  readonly chargedP99Ms: number;
  /** Answered 200 within a second, of all that were sent. */
  readonly withinSecond: number;
  /** Answered 200, but later than a second: how many. */
  readonly slow: number;
  /** Anything but a 200: how many, and of all that were sent. */
  readonly failed: number;
  readonly failedShare: number;
  readonly failures: Readonly<Record<FailureKind, number>>;
  /** Of all answers that a server gave. */
  readonly serverShares: readonly { readonly name: string; readonly share: number }[];
  readonly p99LagMs: number;
  /** For the cumulative distributions. */
  readonly cumulative: Cumulative;
}

export function statisticsOf(cell: Cell): CellStatistics {
  const { status, responseMs } = cell.requests;
  const sent = status.length;
  const good = Float64Array.from(responseMs.filter((_, index) => status[index] === answered)).sort();
  const withinSecond = good.filter((ms) => ms <= secondMs).length;
  const failed = sent - good.length;
  const sum = good.reduce((total, ms) => total + ms, 0);
  const charged = Float64Array.from([...good, ...Array.from({ length: failed }, () => lostMs)]).sort();
  return {
    scenario: cell.scenario,
    contender: cell.contender,
    repetition: cell.repetition,
    seed: cell.seed,
    sent,
    meanMs: good.length === 0 ? null : sum / good.length,
    p50Ms: percentile(good, 0.5),
    p90Ms: percentile(good, 0.9),
    p99Ms: percentile(good, 0.99),
    chargedMeanMs: (sum + failed * lostMs) / sent,
    chargedP99Ms: percentile(charged, 0.99) ?? lostMs,
    withinSecond: withinSecond / sent,
    slow: good.length - withinSecond,
    failed,
    failedShare: failed / sent,
    failures: failuresOf(status),
    serverShares: sharesOf(cell),
    p99LagMs: cell.generator.p99LagMs,
    cumulative: countsAt(good, sent),
  };
}

function failuresOf(statuses: readonly number[]): Record<FailureKind, number> {
  const failures = { none: 0, 500: 0, 502: 0, 503: 0, 504: 0, other: 0 };
  for (const status of statuses) if (status !== answered) failures[kindOf(status)] += 1;
  return failures;
}

function kindOf(status: number): FailureKind {
  if (status === noAnswer) return 'none';
  return failureKinds.find((kind) => kind === `${status}`) ?? 'other';
}

function sharesOf({ servers, requests }: Cell): CellStatistics['serverShares'] {
  const counts = servers.map(() => 0);
  for (const index of requests.server) if (index >= 0) counts[index] = (counts[index] ?? 0) + 1;
  const all = counts.reduce((sum, count) => sum + count, 0);
  return servers.map(({ name }, index) => ({ name, share: all === 0 ? 0 : (counts[index] ?? 0) / all }));
}
