import { z } from 'zod';
import { type Reason, reasonSchema } from './decision.ts';
import { limitReasonSchema } from './server-limit.ts';
import { memoryEventsSchema, metricNames, pressureSchema } from './snapshot.ts';

/**
 * What the controller's `GET /v1/status` answers, and what `haweight weights` and `explain` read. Fields that came later have a
 * default, so that the status of an older controller can be read; of a newer one, fields and reasons may be unknown here.
 */
export const statusVersion = 1;

/** The environment variable with the bearer token of the status API, for the controller and for those who ask it. */
export const controllerTokenVariable = 'HAWEIGHT_CONTROLLER_TOKEN';

const maybe = z.number().nullable();
/** Wall clock in ms since 1970, as far as a date goes. */
const instant = z.number().min(0).max(8_640_000_000_000_000);

/** A reason that a newer controller gives and this version does not know: its code is all that can be told. */
export interface UnknownReason {
  readonly code: 'unknown';
  readonly of: string;
}

/** A known code with values that are not known is unknown too. */
const statusReasonSchema: z.ZodType<Reason | UnknownReason> = z.union([
  reasonSchema,
  z.object({ code: z.literal('unknown'), of: z.string() }),
  z.looseObject({ code: z.string() }).transform(({ code }): UnknownReason => ({ code: 'unknown', of: code })),
]);

export const serverStatusSchema = z.object({
  server: z.string(),
  address: z.string(),
  /** null where HAProxy has no port of its own for the server. */
  port: maybe.default(null),
  /** HAProxy's own word: UP, DOWN, MAINT, DRAIN ... */
  haproxyStatus: z.string(),
  exclusion: z.string().nullable(),
  configuredWeight: z.number(),
  /** What HAProxy used when the tick began. */
  weightBefore: z.number(),
  /** What HAProxy uses after the tick: the decision, or in a dry run what it would be. */
  weight: z.number(),
  written: z.boolean(),
  /** weight / sum of the weights of the servers in rotation and of others that take requests, 0 to 1. */
  share: maybe,
  drained: z.boolean(),
  load: maybe,
  delta: maybe,
  effectiveCores: maybe,
  utilisation: z.object(
    Object.fromEntries(metricNames.map((name) => [name, maybe])) as Record<(typeof metricNames)[number], typeof maybe>,
  ),
  agent: z.object({
    url: z.string(),
    state: z.enum(['fresh', 'stale']),
    ageMs: maybe,
    /** The problem's code and one line about it; null while all is well. */
    code: z.string().nullable(),
    detail: z.string().nullable(),
    /** Failures since the controller started. */
    failures: z.number(),
    /** Whether ticks wait for it; false for a server out of rotation whose agent does not answer, which is no failure. */
    asked: z.boolean().default(true),
    /** What else there is to know about the agent, a line each. */
    notes: z.array(z.string()).default([]),
  }),
  /** Other servers of the backend that take requests on the same machine and have a part of its cores; at most 10. */
  sharesMachineWith: z.array(z.string()).default([]),
  /** How much work waits for a resource; null where the agent does not say. */
  pressure: pressureSchema.nullable().default(null),
  /** What the control group's memory limit has done; null where the agent does not say. */
  memoryEvents: memoryEventsSchema.nullable().default(null),
  /** Since the last tick; null where HAProxy's counters were reset. */
  traffic: z.object({ ok: z.number(), errors: z.number(), clientErrors: z.number().default(0) }).nullable(),
  inFlight: z.number(),
  /** `open`: ejected; `probing`: a few requests are to show whether it is well again. null: the controller does not say. */
  breaker: z.enum(['closed', 'open', 'probing']).nullable().default(null),
  /** What the HAProxys of other controllers did with the server since the last tick; null where none tells. */
  elsewhere: z.object({ ok: z.number(), started: z.number(), inFlight: z.number() }).nullable().default(null),
  /** Most requests at once, as decided and as HAProxy has it (null: none), and why; null: limits are off, or there can be none. */
  limit: z
    .object({
      limit: maybe,
      now: maybe,
      /** Part of the time since the last tick for which it had as many requests as the decided limit allows, 0 to 1. */
      fullPart: z.number(),
      reason: limitReasonSchema.nullable().catch(null),
    })
    .nullable()
    .default(null),
  reasons: z.array(statusReasonSchema),
});

/** What a policy that is not in force would do with one server; nothing of it is written. */
export const shadowServerSchema = serverStatusSchema.pick({
  server: true,
  weight: true,
  share: true,
  drained: true,
  load: true,
  delta: true,
  reasons: true,
});

export const shadowSchema = z.object({
  policy: z.string(),
  /** Why it has no decisions of this tick, in one line; null while all is well. */
  problem: z.string().nullable(),
  servers: z.array(shadowServerSchema),
});

export const backendStatusSchema = z.object({
  backend: z.string(),
  algorithm: z.string().nullable(),
  /** Wall clock of the tick that `servers` are of, ms since 1970; null before the first that read HAProxy. */
  readAtMs: instant.nullable().default(null),
  servers: z.array(serverStatusSchema),
  /** What is wrong with the backend as a whole, in one line; null while all is well. */
  problem: z.string().nullable(),
  /** Requests that wait in HAProxy for any server; null: the controller does not say. */
  waiting: maybe.default(null),
  /** How often a server was ejected since the controller started. */
  ejections: z.number().default(0),
  /** The policies that are computed beside the one in force. */
  shadows: z.array(shadowSchema).default([]),
});

/** Another controller that is asked for what its HAProxy counts. */
export const peerStatusSchema = z.object({
  url: z.string(),
  /** Whether its counters are learned from. */
  counts: z.boolean(),
  /** Why not: the problem's code and one line about it; null where they are. */
  code: z.string().nullable(),
  detail: z.string().nullable(),
  /** Answers that could not be had or used, since the controller started. */
  failures: z.number(),
});

export const statusSchema = z.object({
  version: z.literal(statusVersion),
  policy: z.string(),
  dryRun: z.boolean(),
  periodMs: z.number(),
  startedAtMs: instant,
  /** Wall clock of the last finished tick, ms since 1970; null before the first. */
  lastTickAtMs: instant.nullable(),
  lastTickDurationMs: maybe,
  ticks: z.number(),
  skippedTicks: z.number(),
  weightsWritten: z.number(),
  /** Looks at HAProxy between ticks, as of the last tick: how many, and what one takes and after how long the next is due, in ms. */
  looks: z.object({ count: z.number(), costMs: z.number(), everyMs: z.number() }).nullable().default(null),
  haproxy: z.object({ socket: z.string(), version: z.string().nullable(), problem: z.string().nullable() }),
  /** What the controller is waiting for, in one line; null when it is working. */
  waitingFor: z.string().nullable(),
  /** Why weights are set less often than every period, in one line: ticks take too long. null while they do not. */
  slowTicks: z.string().nullable().default(null),
  /** Where ticks are recorded, and how it goes; null where none are. Lost ticks could not be written. */
  recording: z
    .object({ file: z.string(), ticks: z.number(), lostTicks: z.number(), problem: z.string().nullable() })
    .nullable()
    .default(null),
  peers: z.array(peerStatusSchema).default([]),
  backends: z.array(backendStatusSchema),
});

export type Status = z.infer<typeof statusSchema>;
export type BackendStatus = z.infer<typeof backendStatusSchema>;
export type PeerStatus = z.infer<typeof peerStatusSchema>;
export type ShadowStatus = z.infer<typeof shadowSchema>;
export type ShadowServerStatus = z.infer<typeof shadowServerSchema>;
export type LooksStatus = NonNullable<Status['looks']>;
export type ServerStatus = z.infer<typeof serverStatusSchema>;
export type StatusReason = ServerStatus['reasons'][number];
