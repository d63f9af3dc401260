import type { Refutation } from '../../../shared/contract/server-limit.ts';
import { sum } from '../../../shared/math/statistics.ts';
import type { Breaker } from './breaker.ts';
import { isConvincing, type LimitEvidence, noEvidence, weigh } from './limit-evidence.ts';
import type { BackendRow } from './look-row.ts';
import type { Seen } from './seen.ts';

/** What the looks remember of one server's limit. */
interface Watched {
  readonly isFull: boolean;
  readonly evidence: LimitEvidence;
  /** For how long requests have waited for it while others had room, in ms. */
  readonly boundMs: number;
}

/** What the looks remember of the limits of one backend. */
export interface LimitWatch {
  readonly servers: ReadonlyMap<string, Watched>;
  readonly ofAll: LimitEvidence;
  /** For how long requests have waited in HAProxy although every server has a limit, and one of them room, in ms. */
  readonly idleMs: number;
  readonly gaveUp: BackendRow['gaveUp'];
  /** How many servers there were: one that is deleted takes its counters along. */
  readonly rows: number;
}

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
  /** Whether it has as many requests as its limit allows, and whether it had at the look before, too. */
  readonly isFull: boolean;
  readonly staysFull: boolean;
}

/** One look at the limits that the last tick decided, in force or not. Pure. */
export function watchLimits(
  before: LimitWatch,
  seen: readonly Seen[],
  { waiting, gaveUp }: BackendRow,
  elapsedMs: number,
): LimitsSeen {
  const inBackend = waiting + sum(seen.map(({ row }) => row.inFlight + row.queued));
  const up = seen.filter(({ row }) => row.status === 'up');
  const limited = up.flatMap((each) => limitedOf(each, inBackend, before.servers));
  const areAll = limited.length > 0 && limited.length === up.length;
  const servers = watchEach(before.servers, limited, elapsedMs);
  const watch: LimitWatch = {
    servers,
    ofAll:
      areAll && limited.every((each) => each.staysFull && isFixed(each))
        ? weigh(before.ofAll, up, together.part, elapsedMs)
        : noEvidence,
    idleMs: areAll && waiting > 0 && limited.some(mayTake) ? before.idleMs + elapsedMs : 0,
    gaveUp,
    rows: seen.length,
  };
  const common = commonCause(before, watch);
  return {
    watch: common === null ? watch : { ...watch, ofAll: noEvidence },
    refuted: ofAllWhere(common, limited, refutedOf(limited, servers, inBackend)),
    full: new Set(limited.filter(({ isFull }) => isFull).map(nameOf)),
    isFailing: seen.some(({ memory }) => mayFail(memory.breaker)),
  };
}

function limitedOf(seen: Seen, inBackend: number, before: LimitWatch['servers']): Limited[] {
  const { most = null, fullconn = null } = seen.order?.limit ?? {};
  if (most === null) return [];
  const isFull = seen.row.inFlight >= mostNow(most, fullconn, inBackend);
  const staysFull = isFull && before.get(seen.row.server)?.isFull === true;
  return [{ seen, most, fullconn, isFull, staysFull }];
}

function watchEach(
  before: LimitWatch['servers'],
  limited: readonly Limited[],
  elapsedMs: number,
): ReadonlyMap<string, Watched> {
  const roomy = limited.filter(({ isFull }) => !isFull).length;
  return new Map(
    limited.map((each): [string, Watched] => {
      const { isFull, staysFull, seen } = each;
      const { evidence, boundMs: waited } = before.get(nameOf(each)) ?? unwatched;
      const isBound = seen.row.queued > 0 && roomy > (isFull ? 0 : 1);
      const own = staysFull && isFixed(each) ? weigh(evidence, [seen], alone.part, elapsedMs) : noEvidence;
      return [nameOf(each), { isFull, evidence: own, boundMs: isBound ? waited + elapsedMs : 0 }];
    }),
  );
}

/** What makes the limits of all servers wrong; null: nothing does. */
function commonCause(before: LimitWatch, { ofAll, idleMs, gaveUp, rows }: LimitWatch): Refutation | null {
  const isKnown = gaveUp !== null && before.gaveUp !== null && before.rows === rows && before.servers.size > 0;
  if (isKnown && gaveUp > before.gaveUp) return 'gave-up';
  if (isConvincing(ofAll, together.leastMs)) return 'not-working';
  return idleMs >= boundMs ? 'scaled-down' : null;
}

/** What is wrong with every other limit is wrong with all. */
function ofAllWhere(
  common: Refutation | null,
  limited: readonly Limited[],
  refuted: ReadonlyMap<string, Refutation>,
): ReadonlyMap<string, Refutation> {
  const isCommon = common !== null || (limited.length > 1 && refuted.size >= limited.length / 2);
  if (!isCommon) return refuted;
  return new Map([...limited.map((each): [string, Refutation] => [nameOf(each), common ?? 'not-working']), ...refuted]);
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

/** HAProxy gives it requests while it has room. */
function mayTake(each: Limited): boolean {
  return !each.isFull && isFixed(each) && each.seen.row.weight > 0;
}

/** Most requests that HAProxy has at the server now. */
function mostNow(most: number, fullconn: number | null, inBackend: number): number {
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
