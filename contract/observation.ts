import type { ProblemCode } from './problem.ts';
import type { MetricName } from './snapshot.ts';

/** Utilisation 0 to 1 of each metric; null is unknown, which is never the same as 0. */
export type Utilisations = Readonly<Record<MetricName, number | null>>;

/** Why a server of the backend is left alone. Only servers in rotation get a decision. */
export const exclusions = {
  down: 'HAProxy says it is not UP',
  maintenance: 'in maintenance',
  drain: 'drained by an operator',
  backup: 'a backup server: HAProxy uses it only when no other is UP',
  'configured-zero': 'its configured weight is 0',
  'agent-check': 'agent-check writes its weight',
  'name-invalid': 'its name does not fit the Runtime API',
} as const;
export type Exclusion = keyof typeof exclusions;

/** What came of asking the server's agent. */
export type AgentReading =
  | {
      readonly state: 'fresh';
      readonly ageMs: number;
      readonly utilisation: Utilisations;
      /** CPU cores that the server may use; the prior of its capacity. */
      readonly effectiveCores: number;
    }
  | {
      readonly state: 'stale';
      /** Age of the newest snapshot that we hold, in ms; null where there never was one. */
      readonly ageMs: number | null;
      readonly code: ProblemCode;
      readonly detail: string;
    };

/** What HAProxy counted for a server since the last tick; null after a restart, a reload or on the first tick. */
export interface Traffic {
  /** Responses 1xx to 4xx: the server did its work. */
  readonly ok: number;
  /** Responses 5xx plus connection and response errors. */
  readonly errors: number;
}

/** One server as one tick sees it: its agent's snapshot and what HAProxy says. */
export interface Observation {
  readonly server: string;
  readonly address: string;
  readonly exclusion: Exclusion | null;
  /** The weight that HAProxy's configuration gives it, 0 to 256. */
  readonly configuredWeight: number;
  /** The weight that HAProxy uses now, 0 to 256. */
  readonly currentWeight: number;
  /** How long HAProxy has had it UP, in ms; null if it does not say. */
  readonly upForMs: number | null;
  readonly agent: AgentReading;
  readonly traffic: Traffic | null;
  /** Requests that the server is working on now. */
  readonly inFlight: number;
}
