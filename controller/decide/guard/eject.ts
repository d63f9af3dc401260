import type { Reason } from '../../../shared/contract/decision.ts';
import { sum } from '../../../shared/math/statistics.ts';
import { OutOfPool, type PoolMember } from './out-of-pool.ts';
import type { GuardSettings } from './settings.ts';

/** What is remembered of a server's ejections. */
export interface Ejection {
  /** Still to go, in ms; 0: it is not ejected. */
  readonly remainingMs: number;
  /** Ejections in a row; each is twice as long as the one before. */
  readonly times: number;
  /** How long it has served since the last one, in ms. */
  readonly servedMs: number;
}

export const neverEjected: Ejection = { remainingMs: 0, times: 0, servedMs: 0 };

/** One server in rotation, as the ejection rule sees it. */
export interface EjectSubject extends PoolMember {
  readonly ejection: Ejection;
  /** Smoothed share of errors among its answers, 0 to 1. */
  readonly errorShare: number;
  /** Errors of this tick. */
  readonly errors: number;
}

export interface EjectOutcome {
  readonly ejections: ReadonlyMap<string, Ejection>;
  readonly reasons: ReadonlyMap<string, Reason>;
}

/** From this smoothed share of errors on, and this many errors in the tick. */
const minErrorShare = 0.5;
const minErrors = 10;
/** Longest ejection; a server that has served as long without one starts anew. */
const longestMs = 300_000;

/**
 * Rule 5 under leastconn: an idle server gets requests at any weight above 0, and a server that fails fast is always idle. So
 * it gets weight 0 for a while, twice as long each time; but never the last server, never more than the allowed part of the
 * pool's capacity, and not while every other one mostly answers errors too: a shared database is down, or all are overloaded.
 * Under other algorithms a low weight is enough, and no server is ejected. `atZero`: further servers, which are at 0 and stay so.
 */
export function decideEjections(
  subjects: readonly EjectSubject[],
  isLeastconn: boolean,
  elapsedMs: number,
  settings: Pick<GuardSettings, 'ejectMs' | 'maxDrainedShare'>,
  atZero: readonly PoolMember[] = [],
): EjectOutcome {
  const reasons = new Map<string, Reason>();
  const ejections = new Map(subjects.map((each) => [each.server, age(each.ejection, isLeastconn, elapsedMs)]));
  const ejectionOf = ({ server }: EjectSubject) => ejections.get(server) ?? neverEjected;
  const pool = {
    servers: subjects.length,
    machines: sum(subjects.map(({ machines }) => machines)),
    capacity: sum([...subjects, ...atZero].map(({ capacity }) => capacity)),
    outAlready: {
      machines: sum(atZero.map(({ machines }) => machines)),
      capacity: sum(atZero.map(({ capacity }) => capacity)),
    },
    maxShare: settings.maxDrainedShare,
  };
  const out = new OutOfPool(
    pool,
    subjects.filter((each) => ejectionOf(each).remainingMs > 0),
  );
  const isSoundLeft = () => subjects.some((each) => !out.has(each) && each.errorShare <= minErrorShare);
  const worstFirst = [...subjects].sort(byErrorShare);
  for (const subject of isLeastconn ? worstFirst : []) {
    if (out.has(subject) || subject.errorShare <= minErrorShare || subject.errors < minErrors) continue;
    out.add(subject);
    const because = out.brokenLimit ?? (isSoundLeft() ? null : 'others-overloaded');
    if (because !== null) {
      out.delete(subject);
      reasons.set(subject.server, { code: 'ejection-refused', share: subject.errorShare, because });
      continue;
    }
    const { times } = ejectionOf(subject);
    const remainingMs = Math.min(longestMs, settings.ejectMs * 2 ** times);
    ejections.set(subject.server, { remainingMs, times: times + 1, servedMs: 0 });
  }
  // since then the pool may have shrunk, or the others may fail too: those with the fewest errors come back first
  for (const subject of out.all.sort(byErrorShare).reverse()) {
    if (out.brokenLimit === null && isSoundLeft()) break;
    out.delete(subject);
    ejections.set(subject.server, { ...ejectionOf(subject), remainingMs: 0 });
  }
  for (const subject of out.all) {
    const { remainingMs } = ejectionOf(subject);
    reasons.set(subject.server, { code: 'ejected', share: subject.errorShare, remainingMs });
  }
  return { ejections, reasons };
}

function age({ remainingMs, times, servedMs }: Ejection, isLeastconn: boolean, elapsedMs: number): Ejection {
  if (remainingMs > 0) return { remainingMs: isLeastconn ? Math.max(0, remainingMs - elapsedMs) : 0, times, servedMs };
  const served = servedMs + elapsedMs;
  return times === 0 || served >= longestMs ? neverEjected : { remainingMs, times, servedMs: served };
}

/** By share of errors, then by name, so that the order of the servers does not matter. */
function byErrorShare(a: EjectSubject, b: EjectSubject): number {
  if (a.errorShare !== b.errorShare) return b.errorShare - a.errorShare;
  return a.server < b.server ? -1 : 1;
}
