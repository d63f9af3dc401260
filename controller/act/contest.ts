import type { Decision } from '../../shared/contract/decision.ts';
import { isAnotherServer, lastPlace, type Place } from '../../shared/contract/identity.ts';
import type { Observation } from '../../shared/contract/observation.ts';

/** What is remembered of one server whose weight another writer may set too. */
export interface Contest {
  /** Where the server was: another one under its name has no contest. */
  readonly place: Place;
  /** The weight that HAProxy had after our last tick; null: unknown. */
  readonly left: number | null;
  /** How often another writer changed it, until that is forgotten. */
  readonly times: number;
  /** Ticks for which the weight is still left to the other writer. */
  readonly waitTicks: number;
  /** Ticks since then in which no other writer changed it. */
  readonly quietTicks: number;
}

export type Contests = ReadonlyMap<string, Contest>;

/** A weight that is not the one that we left. */
export interface ForeignWrite {
  readonly server: string;
  readonly left: number;
  readonly found: number;
  /** Ticks for which it is left to the other writer; 0: ours is written again at once. */
  readonly waitTicks: number;
}

export interface Yielded {
  readonly decisions: readonly Decision[];
  /** New at this tick. */
  readonly foreignWrites: readonly ForeignWrite[];
  /** Servers whose weight has another writer. */
  readonly contested: readonly string[];
  readonly contests: Contests;
}

/** Longest time for which a weight is left to another writer, in ticks. */
export const maxWaitTicks = 16;
/** After this many ticks without another write, the next one counts as the first. Above `maxWaitTicks`. */
export const forgetAfterTicks = 30;

/** A weight that was not changed for this many ticks is no longer called contested. */
const calmTicks = 3;

const uncontested: Contest = {
  place: { address: '', port: null },
  left: null,
  times: 0,
  waitTicks: 0,
  quietTicks: 0,
};

/** What matters here of an observation. */
export type Seen = Pick<Observation, 'server' | 'address' | 'port' | 'currentWeight' | 'exclusion'>;

/**
 * Two writers of one weight. A weight that differs from what we left was written by another: an operator, a script, a second
 * controller. The first time, ours is written again, as after a reload. From the second time on the weight is left to the other
 * writer for 2, 4, 8 and then always 16 ticks before ours is tried again: two writers at every tick would move the traffic
 * to and fro without end. Only where all servers in rotation would be left at 0 are ours written at once. Pure.
 */
export function yieldContested(decisions: readonly Decision[], seen: readonly Seen[], before: Contests): Yielded {
  const { contests, foreignWrites } = contestsAt(seen, before);
  const inRotation = new Map(seen.filter(({ exclusion }) => exclusion === null).map((each) => [each.server, each]));
  const yielded = decisions.map((decision) => {
    const found = inRotation.get(decision.server)?.currentWeight;
    const waitTicks = contests.get(decision.server)?.waitTicks ?? 0;
    return found === undefined || waitTicks === 0 ? decision : leave(decision, found, waitTicks);
  });
  const isOpen = (some: readonly Decision[]) => some.some(({ server, weight }) => weight > 0 && inRotation.has(server));
  return {
    decisions: isOpen(yielded) ? yielded : decisions,
    foreignWrites,
    contested: [...contests].filter(([, contest]) => isContested(contest)).map(([server]) => server),
    contests,
  };
}

/** The servers whose weight is left to another writer at this tick. Pure. */
export function leftToOthers(seen: readonly Seen[], before: Contests): ReadonlySet<string> {
  const { contests } = contestsAt(seen, before);
  return new Set([...contests].filter(([, { waitTicks }]) => waitTicks > 0).map(([server]) => server));
}

function contestsAt(seen: readonly Seen[], before: Contests) {
  const foreignWrites: ForeignWrite[] = [];
  const contests = new Map<string, Contest>();
  for (const each of seen) {
    const { server, currentWeight: found, exclusion } = each;
    const known = knownAt(each, before.get(server));
    // out of rotation nothing is written, so there is nothing to contest
    const contest = exclusion === null ? next(known, found) : { ...known, left: null };
    contests.set(server, contest);
    if (exclusion === null && isForeign(known, found)) {
      foreignWrites.push({ server, left: known.left ?? found, found, waitTicks: contest.waitTicks });
    }
  }
  return { contests, foreignWrites };
}

function knownAt(seen: Seen, before: Contest | undefined): Contest {
  const isSame = before !== undefined && !isAnotherServer(before.place, seen);
  return { ...(isSame ? before : uncontested), place: lastPlace(before?.place, seen) };
}

/** After the tick: what HAProxy has now, by server; null where a write failed, so that it is unknown. */
export function noteLeft(contests: Contests, left: (server: string, before: number | null) => number | null): Contests {
  return new Map([...contests].map(([server, contest]) => [server, { ...contest, left: left(server, contest.left) }]));
}

/** HAProxy is another process, which has the configured weights: those are not from another writer. */
export function forgetLeft(contests: Contests): Contests {
  return noteLeft(contests, () => null);
}

/** From the second time on, until ours has stood for a while. */
function isContested({ times, quietTicks }: Contest): boolean {
  return times > 1 && quietTicks < calmTicks;
}

function isForeign({ left, waitTicks }: Contest, found: number): boolean {
  return waitTicks === 0 && left !== null && left !== found;
}

function next(known: Contest, found: number): Contest {
  if (known.waitTicks > 0) return { ...known, left: null, waitTicks: known.waitTicks - 1 };
  if (isForeign(known, found)) {
    const times = known.times + 1;
    const waitTicks = times === 1 ? 0 : Math.min(maxWaitTicks, 2 ** (times - 1));
    return { ...known, left: null, times, waitTicks, quietTicks: 0 };
  }
  const quietTicks = known.quietTicks + 1;
  return quietTicks >= forgetAfterTicks ? { ...uncontested, place: known.place } : { ...known, left: null, quietTicks };
}

function leave(decision: Decision, found: number, waitTicks: number): Decision {
  const reason = { code: 'contested' as const, wanted: decision.weight, waitTicks };
  return { ...decision, weight: found, write: false, reasons: [...decision.reasons, reason] };
}
