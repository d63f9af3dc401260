import type { Decision } from '../../shared/contract/decision.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import type { ObservedServer } from '../observe/observer.ts';

/** What a policy that is not in force would have decided at a tick. */
export interface ShadowTick {
  readonly policy: string;
  readonly decisions: readonly Decision[];
  /** Why there are no decisions; null while all is well. */
  readonly problem: Problem | null;
}

/** The last tick of one backend, as the status shows it. */
export interface BackendTick {
  readonly backend: string;
  readonly algorithm: string | null;
  /** Wall clock of when HAProxy was read, in ms; a tick that could not read it keeps what there was. null: never. */
  readonly readAtMs: number | null;
  /** Requests that wait in HAProxy for any server. */
  readonly waiting: number;
  readonly servers: readonly ObservedServer[];
  /** In force: what HAProxy did not take, or was left to another writer, is as it was. */
  readonly decisions: readonly Decision[];
  /** What is wrong with the backend as a whole; null while all is well. */
  readonly problem: Problem | null;
  /** How often a server was ejected since the start. */
  readonly ejections: number;
  readonly shadows: readonly ShadowTick[];
}

/** Before the first tick. */
export function noTickYet(backend: string, shadows: readonly string[]): BackendTick {
  return {
    backend,
    algorithm: null,
    readAtMs: null,
    waiting: 0,
    servers: [],
    decisions: [],
    problem: null,
    ejections: 0,
    shadows: shadows.map((policy) => ({ policy, decisions: [], problem: null })),
  };
}
