import type { Refutation } from '../../../shared/contract/server-limit.ts';
import { sum } from '../../../shared/math/statistics.ts';
import type { Breaker } from './breaker.ts';
import type { BackendRow } from './look-row.ts';
import type { Seen } from './seen.ts';

/** What the looks remember of one server's limit. */
interface Watched {
  readonly isFull: boolean;
  readonly evidence: Evidence;
  /** For how long requests have waited for it while others had room, in ms. */
  readonly boundMs: number;
}

/** That far fewer requests are answered than could be: ln of a likelihood ratio, 0 or more, and for how long without a break. */
interface Evidence {
  readonly ln: number;
  readonly ms: number;
}

/** What the looks remember of the limits of one backend. */
export interface LimitWatch {
  readonly servers: ReadonlyMap<string, Watched>;
  readonly ofAll: Evidence;
  /** For how long requests have waited in HAProxy although every server has a limit, and one of them room, in ms. */
  readonly idleMs: number;
  readonly gaveUp: BackendRow['gaveUp'];
  /** How many servers there were: one that is deleted takes its counters along. */
  readonly rows: number;
}

const noEvidence: Evidence = { ln: 0, ms: 0 };
const unwatched: Watched = { isFull: false, evidence: noEvidence, boundMs: 0 };
export const nothingWatched: LimitWatch = { servers: new Map(), ofAll: noEvidence, idleMs: 0, gaveUp: null, rows: 0 };

export interface LimitsSeen {
  readonly watch: LimitWatch;
  /** The servers whose limit is wrong. */
  readonly refuted: ReadonlyMap<string, Refutation>;
  /** The servers with as many requests as their limit allows. */
  readonly full: ReadonlySet<string>;
  /** A server fails, or seems to: no limit keeps requests from the others. */
  readonly isFailing: boolean;
}

/**
 * Servers at their limits should answer what they can do, in requests/s. If only `part` of that is answered, their requests wait
 * for something else and the limit is wrong. Of one server alone that is a much smaller part, for longer: it may be slow, or pause.
 */
const together = { part: 1 / 2, leastMs: 300 };
const alone = { part: 1 / 8, leastMs: 1_000 };
const enough = 6;
/** Evidence of a breaker that one error brings, where the others have none: ln 30. */
const oneError = 3;
/** Requests that wait for one server while another one has room are bound to it, if that lasts so long. */
const boundMs = 500;
/** A limit that scales is reached only while this part of `fullconn` is in flight. */
const nearFullconn = 0.9;

/** A server at a look that has a limit and takes requests. */
interface Limited {
  readonly seen: Seen;
  readonly most: number;
  readonly fullconn: number | null;
}

/** One look at the limits that the last tick decided, in force or not. Pure. */
export function watchLimits(
  before: LimitWatch,
  seen: readonly Seen[],
  { waiting, gaveUp }: BackendRow,
  elapsedMs: number,
): LimitsSeen {
  const up = seen.filter(({ row }) => row.status === 'up');
  const limited = up.flatMap((each): Limited[] => {
    const { most = null, fullconn = null } = each.order?.limit ?? {};
    return most === null ? [] : [{ seen: each, most, fullconn }];
  });
  const inBackend = waiting + sum(seen.map(({ row }) => row.inFlight + row.queued));
  const full = new Set(limited.filter((each) => each.seen.row.inFlight >= mostNow(each, inBackend)).map(nameOf));
  const stayFull = limited.filter(
    (each) => full.has(nameOf(each)) && before.servers.get(nameOf(each))?.isFull === true && isFixed(each),
  );
  const areAll = stayFull.length === up.length && up.length > 0;
  const ofAll = areAll ? weigh(before.ofAll, stayFull, together.part, elapsedMs) : noEvidence;
  const staying = new Set(stayFull.map(nameOf));
  const roomy = limited.length - full.size;
  const servers = new Map(
    limited.map((each): [string, Watched] => {
      const name = nameOf(each);
      const { evidence, boundMs: waited } = before.servers.get(name) ?? unwatched;
      const isBound = each.seen.row.queued > 0 && roomy > (full.has(name) ? 0 : 1);
      const own = staying.has(name) ? weigh(evidence, [each], alone.part, elapsedMs) : noEvidence;
      return [name, { isFull: full.has(name), evidence: own, boundMs: isBound ? waited + elapsedMs : 0 }];
    }),
  );
  const refuted = refutedOf(limited, servers, inBackend);
  const haveGivenUp =
    gaveUp !== null && before.servers.size > 0 && before.rows === seen.length && gaveUp > (before.gaveUp ?? gaveUp);
  const mayTake = limited.some((each) => !full.has(nameOf(each)) && isFixed(each) && each.seen.row.weight > 0);
  const idleMs = waiting > 0 && mayTake && limited.length === up.length ? before.idleMs + elapsedMs : 0;
  const isStuck = isConvincing(ofAll, together.leastMs);
  const common = haveGivenUp ? 'gave-up' : isStuck ? 'not-working' : idleMs >= boundMs ? 'scaled-down' : null;
  const all = new Map(limited.map((each): [string, Refutation] => [nameOf(each), common ?? 'not-working']));
  const isCommon = common !== null || (limited.length > 1 && refuted.size >= limited.length / 2);
  return {
    watch: { servers, ofAll: common === null ? ofAll : noEvidence, idleMs, gaveUp, rows: seen.length },
    refuted: isCommon ? new Map([...all, ...refuted]) : refuted,
    full,
    isFailing: seen.some(({ memory }) => mayFail(memory.breaker)),
  };
}

/** One that answers errors at once is never full, and beside limits it gets what the others may not. So one error is enough. */
function mayFail({ phase, evidence }: Breaker): boolean {
  return phase !== 'closed' || evidence >= oneError;
}

function nameOf({ seen }: Limited): string {
  return seen.row.server;
}

function isFixed({ fullconn }: Limited): boolean {
  return fullconn === null;
}

/** Most requests that HAProxy has at the server now. */
function mostNow({ most, fullconn }: Limited, inBackend: number): number {
  return fullconn === null ? most : Math.min(most, Math.max(1, Math.floor((inBackend * most) / fullconn)));
}

function refutedOf(
  limited: readonly Limited[],
  servers: ReadonlyMap<string, Watched>,
  inBackend: number,
): ReadonlyMap<string, Refutation> {
  return new Map(
    limited.flatMap((each): [string, Refutation][] => {
      const { evidence, boundMs: waited } = servers.get(nameOf(each)) ?? unwatched;
      const { most, fullconn } = each;
      if (fullconn !== null && each.seen.row.inFlight >= most && inBackend < nearFullconn * fullconn)
        return [[nameOf(each), 'no-minconn']];
      if (waited >= boundMs) return [[nameOf(each), 'bound-to-it']];
      return isConvincing(evidence, alone.leastMs) ? [[nameOf(each), 'not-working']] : [];
    }),
  );
}

function isConvincing({ ln, ms }: Evidence, leastMs: number): boolean {
  return ln >= enough && ms >= leastMs;
}

/** Answers follow a Poisson distribution: the hypotheses are that a server answers all that it can, or `part` of it. */
function weigh(before: Evidence, servers: readonly Limited[], part: number, elapsedMs: number): Evidence {
  const known = servers.flatMap(({ seen: { order, counted } }) => {
    if (counted === null || order === undefined || order.capacity === null) return [];
    return [{ expected: (order.capacity * elapsedMs) / 1_000, answered: counted.ok + counted.errors }];
  });
  const expected = sum(known.map((each) => each.expected));
  const answered = sum(known.map((each) => each.answered));
  const ln = Math.max(0, before.ln + (1 - part) * expected + answered * Math.log(part));
  return ln === 0 ? noEvidence : { ln, ms: before.ms + elapsedMs };
}
