import { z } from 'zod';
import { maxWeight } from './limits.ts';
import { type ProblemCode, problemCodes } from './problem.ts';
import type { Same } from './same.ts';
import { type LimitReading, limitReadingSchema } from './server-limit.ts';
import { type MetricName, metricNames } from './snapshot.ts';

/** Utilisation 0 to 1 of each metric; null is unknown, which is never the same as 0. */
export type Utilisations = Readonly<Record<MetricName, number | null>>;

/** Why a server of the backend is left alone. Only servers in rotation get a decision. */
export const exclusions = {
  down: 'HAProxy says it is not UP',
  maintenance: 'in maintenance',
  drain: 'drained by an operator',
  backup: 'a backup server: HAProxy uses it only when no other is UP',
  'configured-zero': 'its configured weight is 0, and so is its weight now',
  'agent-check': 'agent-check writes its weight',
  'name-invalid': 'its name does not fit the Runtime API',
  unreadable: 'what HAProxy says of it cannot be read',
} as const;
export type Exclusion = keyof typeof exclusions;

const lasting: ReadonlySet<string> = new Set<Exclusion>(['backup', 'configured-zero', 'agent-check', 'name-invalid']);

/** Whether the server is left alone for as long as the configuration stays as it is: it needs no agent. */
export function isNeverOurs(exclusion: string | null): boolean {
  return exclusion !== null && lasting.has(exclusion);
}

/** The result of asking the server's agent. */
export type AgentReading =
  | {
      readonly state: 'fresh';
      readonly ageMs: number;
      readonly utilisation: Utilisations;
      /** The fullest single TCP queue, 0 to 1, for `paper`; null: unknown; absent: recorded when `utilisation` had it. */
      readonly fullestQueue?: number | null | undefined;
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
  /** Responses 5xx plus connection and response errors, and redispatches of a server that did nothing but refuse. */
  readonly errors: number;
  /** Responses 4xx, which are counted in `ok` too: HAProxy does not tell 404 from 429. */
  readonly clientErrors: number;
}

/** What HAProxy did with requests to a server since the last tick. */
export interface Flow {
  /** Requests (in tcp mode: connections) that it sent there. */
  readonly started: number;
  /** Requests that another server got because this one refused them. */
  readonly redispatches: number;
  /** Mean of the requests in flight, from the looks between ticks; null where there was none. */
  readonly inFlightMean: number | null;
  /** Requests that wait in HAProxy now: for this server, and its part by weight of those that wait for any. */
  readonly queued: number;
}

/** What the HAProxys of other controllers counted for the same server since the last tick. */
export interface Elsewhere {
  readonly ok: number;
  readonly started: number;
  /** Requests in flight now. */
  readonly inFlight: number;
}

/** What the looks between ticks have decided of a server. */
export interface FastState {
  /** `open`: its weight is 0 (leastconn) or 1 because it fails; `probing`: it has a little weight for one look, to see. */
  readonly breaker: 'closed' | 'open' | 'probing';
  /** Share of errors among its answers when the breaker opened, 0 to 1; 0 while it is closed. */
  readonly errorShare: number;
  /** Until the next probe, in ms; 0 while it is not open. */
  readonly remainingMs: number;
  /** Share of its weight that it may have, above 0 to 1: it grows to 1 after the server joined or came back. */
  readonly ramp: number;
}

export const undisturbed: FastState = { breaker: 'closed', errorShare: 0, remainingMs: 0, ramp: 1 };

/** One server as one tick sees it: its agent's snapshot and what HAProxy says. */
export interface Observation {
  readonly server: string;
  /** IP address; empty where HAProxy has none. */
  readonly address: string;
  /** null where HAProxy has no port of its own for the server (an offset, a UNIX socket). */
  readonly port: number | null;
  /** Servers with the same text run on the same machine; empty where the machine is not known. */
  readonly machine: string;
  /** Where its agent is asked; empty where it has none. Servers with the same URL and the same readings have one agent. */
  readonly agentUrl: string;
  /** Whether HAProxy sends it requests while its weight is above 0, ours or not. */
  readonly takesRequests: boolean;
  readonly exclusion: Exclusion | null;
  /** true: in rotation, but another writer sets its weight, which is left to it at this tick. */
  readonly leftToOther?: boolean | undefined;
  /**
   * The weight that HAProxy's configuration gives it, 0 to 256; of a server that is kept at 0 there and was put into service at
   * run time, the weight that it was found with.
   */
  readonly configuredWeight: number;
  /** The weight that HAProxy uses now, 0 to 256. */
  readonly currentWeight: number;
  /** How long HAProxy has had it UP, in ms; null if it does not say. */
  readonly upForMs: number | null;
  readonly agent: AgentReading;
  readonly traffic: Traffic | null;
  /** null where `traffic` is. */
  readonly flow: Flow | null;
  readonly fast: FastState;
  /** null: no other controller tells. */
  readonly elsewhere: Elsewhere | null;
  /** Requests that the server is working on now. */
  readonly inFlight: number;
  /** Absent in tcp mode, where connections say little of the work that is under way, and where HAProxy does not say. */
  readonly limit?: LimitReading | undefined;
}

export const weightSchema = z.number().int().min(0).max(maxWeight);
const ratio = z.number().min(0).max(1);
const count = z.number().int().nonnegative();
const duration = z.number().nonnegative();
const text = z.string().max(10_000);

function keysOf<Key extends string>(table: Readonly<Record<Key, string>>): [Key, ...Key[]] {
  return Object.keys(table) as [Key, ...Key[]];
}

const agentReadingSchema = z.discriminatedUnion('state', [
  z.strictObject({
    state: z.literal('fresh'),
    ageMs: duration,
    utilisation: z.strictObject(
      Object.fromEntries(metricNames.map((name) => [name, ratio.nullable()])) as Record<
        MetricName,
        z.ZodNullable<z.ZodNumber>
      >,
    ),
    fullestQueue: ratio.nullable().optional(),
    effectiveCores: z.number().positive().max(65_536),
  }),
  z.strictObject({
    state: z.literal('stale'),
    ageMs: duration.nullable(),
    code: z.enum(keysOf(problemCodes)),
    detail: text,
  }),
]);

/** The same, for reading an observation back: a recording comes from outside. */
export const observationSchema = z.strictObject({
  server: text.min(1),
  address: text,
  port: z.number().int().min(0).max(65_535).nullable(),
  machine: text,
  agentUrl: text.default(''),
  takesRequests: z.boolean(),
  exclusion: z.enum(keysOf(exclusions)).nullable(),
  leftToOther: z.boolean().optional(),
  configuredWeight: weightSchema,
  currentWeight: weightSchema,
  upForMs: duration.nullable(),
  agent: agentReadingSchema,
  traffic: z.strictObject({ ok: count, errors: count, clientErrors: count }).nullable(),
  flow: z
    .strictObject({ started: count, redispatches: count, inFlightMean: duration.nullable(), queued: count })
    .nullable()
    .default(null),
  fast: z
    .strictObject({
      breaker: z.enum(['closed', 'open', 'probing']),
      errorShare: ratio,
      remainingMs: duration,
      ramp: ratio,
    })
    .default(undisturbed),
  elsewhere: z.strictObject({ ok: count, started: count, inFlight: count }).nullable().default(null),
  inFlight: count,
  limit: limitReadingSchema.optional(),
});

/** Does not compile where the schema and the type differ. */
export const observationSchemaIsItsType: Same<z.output<typeof observationSchema>, Observation> = true;
