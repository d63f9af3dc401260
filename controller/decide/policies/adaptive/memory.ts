import { noRuns, type Runs } from './change.ts';
import type { FollowingMemory } from './following.ts';
import { type HiddenMemory, nothingHidden } from './hidden.ts';
import { type SpeedMemory, unknownSpeed } from './speed.ts';
import { noWork, type Work } from './work.ts';

/** What a server does now; gone once it leaves rotation. */
export interface Recent {
  /** Work that says nothing yet. */
  readonly work: Work;
  /** Measurements of its speed that may show a change. */
  readonly runs: Runs;
  readonly following: FollowingMemory | null;
  /** Requests in flight at the tick before. */
  readonly inFlight: number;
  /** Natural logarithm of the inverse-load factor, smoothed, noise included. */
  readonly distance: number;
}

/** What is known of one server. Numbers only: a policy's state is plain JSON. */
export interface Memory {
  readonly speed: SpeedMemory;
  readonly hidden: HiddenMemory;
  /** Last known size; null before the first snapshot. */
  readonly cores: number | null;
  /** How long it has been out of rotation. */
  readonly absentMs: number;
  /** null while it is out of rotation. */
  readonly recent: Recent | null;
}

export const nothingRecent: Recent = {
  work: noWork,
  runs: noRuns,
  following: null,
  inFlight: 0,
  distance: 0,
};

export const newcomer: Memory = { speed: unknownSpeed, hidden: nothingHidden, cores: null, absentMs: 0, recent: null };

/** Pairs, not an object: a server may be called `__proto__`. Sorted by name. */
export type Memories = readonly (readonly [string, Memory])[];

/** What was learned of a server that is out of rotation is kept this long. */
const rememberAbsentMs = 600_000;
/** A cut above this, as a logarithm, is no more than queues make of chance. */
const smallCut = -0.3;

/** The servers in rotation and, without what they were doing, those that left it less than ten minutes ago. */
export function remembered(before: Memories, seen: Memories, elapsedMs: number): Memories {
  const present = new Set(seen.map(([server]) => server));
  const absent = before
    .filter(([server]) => !present.has(server))
    .map(([server, memory]) => [server, withoutRecent(memory, elapsedMs)] as const)
    .filter(([, { absentMs }]) => absentMs <= rememberAbsentMs);
  return [...absent, ...seen].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A restart changes neither how fast its cores are nor how many of them its program can use; a small cut may be chance. */
function withoutRecent(memory: Memory, elapsedMs: number): Memory {
  const { log } = memory.hidden;
  const hidden = { ...nothingHidden, log: log > smallCut ? 0 : log };
  return { ...memory, hidden, recent: null, absentMs: memory.absentMs + elapsedMs };
}
