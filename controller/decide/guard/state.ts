import type { DrainRefusedBecause } from '../../../shared/contract/decision.ts';
import type { Utilisations } from '../../../shared/contract/observation.ts';
import { type LastAnswers, noAnswers } from './errors.ts';
import { noPace, type Pace } from './pace.ts';
import { type AtRest, nothingAtRest } from './set-aside.ts';
import type { CutWatch } from './vain-cut.ts';

/** The weight of a server that is cut while no weight can be decided. */
export interface Uncut {
  /** Without the cut. */
  readonly weight: number;
  /** What the last tick left in HAProxy; any other weight there is another writer's. */
  readonly left: number;
}

/** What the guard remembers of one server; all of it is relearned after a restart. */
export interface ServerMemory {
  readonly inRotation: boolean;
  /** Natural logarithm of the learned relative weight; null before the first. */
  readonly logWeight: number | null;
  /** Natural logarithm of the smoothed cut for metrics near saturation, 0 or less. */
  readonly logGrade: number;
  readonly answers: LastAnswers;
  readonly pace: Pace;
  /** How far HAProxy's counters prove that it can do more than its limit allows, 0 to 1. */
  readonly proven: number;
  /** Share of errors that it has more than the other servers, 0 to 1: its weight is cut for it. */
  readonly errorShare: number;
  /** Smoothed utilisation. */
  readonly utilisation: Utilisations;
  /** Metrics that do not follow the traffic. */
  readonly atRest: AtRest;
  /** Consecutive ticks with a smoothed metric that counts at or over its threshold. */
  readonly overTicks: number;
  readonly drained: boolean;
  /** Why it could not be drained at the last tick; null: it could, or need not be. */
  readonly refused: DrainRefusedBecause | null;
  readonly cutWatch: CutWatch | null;
  /** The weight with its breaker closed and its ramp over, 1 to 256; null before the first. */
  readonly full: number | null;
  /** Whether a breaker or a ramp kept it from that weight at the last tick. */
  readonly isHeldBack: boolean;
  /** Last known size; null before the first snapshot. */
  readonly effectiveCores: number | null;
  /** The weight that we left in HAProxy; null: none was decided yet. */
  readonly leftWeight: number | null;
  /** What it would have without a cut for errors while agents are silent; null: there is no such cut. */
  readonly uncut: Uncut | null;
}

/** What the guard remembers of one backend. */
export interface GuardState {
  readonly servers: ReadonlyMap<string, ServerMemory>;
  /** Requests and ticks since a weight was last written: roundrobin wants patience. */
  readonly requestsSinceWrite: number;
  readonly ticksSinceWrite: number;
  /** Smoothed requests per second that the backend is asked for, with its backlog; null: not known. */
  readonly demand: number | null;
  /** How long no weight could be decided, in ms; null after a tick that decided. */
  readonly blindForMs: number | null;
  /** False until the first tick: a server found then is not new to HAProxy, only to us. */
  readonly started: boolean;
  /** Whether another controller has told what its HAProxy does with these servers. */
  readonly isTold: boolean;
}

export const initialGuardState: GuardState = {
  servers: new Map(),
  requestsSinceWrite: 0,
  // nothing is known of earlier writes, so nothing waits for them
  ticksSinceWrite: Number.POSITIVE_INFINITY,
  demand: null,
  blindForMs: null,
  started: false,
  isTold: false,
};

export const unknownUtilisation: Utilisations = {
  cpu: null,
  ram: null,
  bandwidth: null,
  threads: null,
  tcpQueues: null,
};

/** Of a server that was never seen. */
export const newcomer: ServerMemory = {
  inRotation: false,
  logWeight: null,
  logGrade: 0,
  answers: noAnswers,
  pace: noPace,
  proven: 0,
  errorShare: 0,
  utilisation: unknownUtilisation,
  atRest: nothingAtRest,
  overTicks: 0,
  drained: false,
  refused: null,
  cutWatch: null,
  full: null,
  isHeldBack: false,
  effectiveCores: null,
  leftWeight: null,
  uncut: null,
};
