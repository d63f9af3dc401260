import { z } from 'zod';
import type { Same } from './same.ts';

/*
 * The limit of a server: the most requests that HAProxy has at it at once (`maxconn`). Further ones wait in HAProxy, for whichever
 * server is free first.
 */

/** What is done about limits: nothing; they are decided and shown; they are written, too. */
export const limitModes = ['off', 'observe', 'on'] as const;
export const defaultLimitMode: LimitMode = 'observe';
export type LimitMode = (typeof limitModes)[number];

/** Why a look found a server's limit wrong: its requests ... */
export const refutations = {
  'not-working': 'were at its limit, and far fewer were answered than it can do: they wait for something else',
  'bound-to-it': 'waited for it although other servers had room: they are bound to it',
  'gave-up': 'waited in HAProxy until `timeout queue`',
  'scaled-down':
    'waited although servers were under their limits: HAProxy scales those down, the server lines have a `minconn`',
  'no-minconn': 'reached a limit that should scale with the load: the server line has no `minconn`',
} as const;
export type Refutation = keyof typeof refutations;

/** What a tick knows of a server's limit. */
export interface LimitReading {
  /** HAProxy's limit now; null: none. */
  readonly now: number | null;
  /** The one that HAProxy's configuration gives; null: none. */
  readonly configured: number | null;
  /** `fullconn` of the backend; null: HAProxy does not say. */
  readonly fullconn: number | null;
  /** Another writer has changed it since HAProxy started: it is left alone. */
  readonly otherWriter: boolean;
  /** Part of the time since the last tick for which it had as many requests as its decided limit allows, 0 to 1. */
  readonly fullPart: number;
  /** A server of the backend failed since the last tick, so that a look opened all limits. */
  readonly suspended: boolean;
  /** A look has found the decided limit wrong since the last tick; null: none has. */
  readonly refuted: Refutation | null;
}

const limit = z.number().int().positive();
const refutation = z.enum(Object.keys(refutations) as [Refutation, ...Refutation[]]);

/** The same, for reading it back. */
export const limitReadingSchema = z.strictObject({
  now: limit.nullable(),
  configured: limit.nullable(),
  fullconn: limit.nullable(),
  otherWriter: z.boolean(),
  fullPart: z.number().min(0).max(1),
  suspended: z.boolean(),
  refuted: refutation.nullable(),
});

/** Why there is no limit from us: the one of HAProxy's configuration is in force. */
export const openCauses = {
  'other-writer': 'another writer has set it',
  stale: 'its agent is silent',
  'not-full-weight': 'it is ramping up, ejected or drained',
  'another-open': 'another server can have none, and would get all that the others may not',
  failing: 'a server failed: it is never full, and would get what the others may not',
  refuted: 'a limit was found wrong',
  unproven: 'not enough is known of the time that its requests take while it has little to do',
  'no-capacity': 'its capacity is not known',
  'configured-lower': 'the configuration has a lower one',
  'limits-differ': 'some servers of the backend have `maxconn` equal to `fullconn`, and some have not',
} as const;
export type OpenCause = keyof typeof openCauses;

export const limitReasonSchema = z.discriminatedUnion('code', [
  /** `times` its part, by weight, of what is in flight: HAProxy scales it (`minconn`, `fullconn`). */
  z.object({ code: z.literal('bound'), part: z.number(), times: z.number() }),
  /** By Little's formula: what it can do a second times the time of a request that does not wait, and room for chance. */
  z.object({
    code: z.literal('proven'),
    requestsPerSecond: z.number(),
    unqueuedMs: z.number(),
    /** Answers, while it had little to do, that the time rests on. */
    answers: z.number(),
  }),
  z.object({
    code: z.literal('open'),
    because: z.enum(Object.keys(openCauses) as [OpenCause, ...OpenCause[]]),
    /** Of `refuted`: how. */
    refuted: refutation.nullable().default(null),
  }),
]);
export type LimitReason = z.output<typeof limitReasonSchema>;

/** What one tick decided of a server's limit. */
export interface LimitDecision {
  /** Most requests at once; null: none. */
  readonly limit: number | null;
  /** Whether it is to be sent. */
  readonly write: boolean;
  readonly reason: LimitReason;
}

export const limitDecisionSchema = z.strictObject({
  limit: limit.nullable(),
  write: z.boolean(),
  reason: limitReasonSchema,
});

/** Does not compile where a schema and its type differ. */
export const limitSchemasAreTheirTypes: [
  Same<z.output<typeof limitReadingSchema>, LimitReading>,
  Same<z.output<typeof limitDecisionSchema>, LimitDecision>,
] = [true, true];
