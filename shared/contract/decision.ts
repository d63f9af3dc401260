import { z } from 'zod';
import { weightSchema } from './observation.ts';
import type { Same } from './same.ts';
import { type LimitDecision, limitDecisionSchema } from './server-limit.ts';
import { metricNames } from './snapshot.ts';

const metricName = z.enum(metricNames);
const finite = z.number();

/**
 * Why a weight is what it is: data, in the order in which it was applied. `cli/view/reasons.ts` words them for people.
 * Every step that multiplies carries its factor; every step that decides carries what it decided on.
 */
export const reasonSchema = z.discriminatedUnion('code', [
  /** The server is not in rotation, or not managed: its weight is left alone. */
  z.object({ code: z.literal('excluded'), exclusion: z.string() }),
  /** Load by equation (1), the mean of the servers with fresh snapshots by (2), the distance by (3). */
  z.object({
    code: z.literal('load'),
    load: finite,
    average: finite,
    delta: finite,
    /** What was measured, where that is so little that more is counted. */
    measured: finite.optional(),
  }),
  /** A metric that the load is made of is unknown; the other factors were scaled up to sum to 1. */
  z.object({ code: z.literal('load-without'), metrics: z.array(metricName) }),
  /** The policy's weight from the load alone. */
  z.object({ code: z.literal('inverse-load'), factor: finite }),
  z.object({ code: z.literal('equal'), factor: finite }),
  /** The learned capacity: successful requests per second at full utilisation. `changed`: a jump was detected this tick. */
  z.object({ code: z.literal('capacity'), requestsPerSecond: finite, changed: z.boolean() }),
  /** Capacity not learned yet: assumed from the size of this server, by what others of known capacity do, or cores alone. */
  z.object({ code: z.literal('capacity-prior'), from: z.enum(['others', 'cores']), cores: finite }),
  /**
   * Speed a core, relative to the other servers': as counted (drawn to the others' where the difference may be chance), as measured,
   * and the standard deviation of its logarithm.
   */
  z.object({ code: z.literal('speed'), factor: finite, measured: finite, uncertainty: finite }),
  /** So many times more requests are under way than its CPU, and what the other servers wait for too, explain. */
  z.object({ code: z.literal('hidden'), times: finite, factor: finite }),
  /** These metrics near saturation; the policy's own smoothed cut. */
  z.object({ code: z.literal('saturation'), metrics: z.array(metricName), factor: finite }),
  /** More (or fewer) requests in flight than its fair part of the backend's. */
  z.object({ code: z.literal('backlog'), inFlight: finite, fairInFlight: finite, factor: finite }),
  /** All new work goes here, and why: the most or the least utilised under the thresholds, or the least utilised of all. */
  z.object({
    code: z.literal('picked'),
    because: z.enum(['most-utilised', 'least-utilised', 'none-under-threshold']),
    utilisation: finite,
  }),
  /** Another server gets the new work. */
  z.object({ code: z.literal('passed-over'), utilisation: finite }),
  /** (cpu + ram) / 2, and what it leaves of the configured weight. */
  z.object({ code: z.literal('stress'), stress: finite, configuredWeight: finite, factor: finite }),
  /** Multiplied by the effective cores. */
  z.object({ code: z.literal('cores'), factor: finite }),
  /** This metric stayed at `level` without traffic. It does not count until it is at `countsFrom` or under its threshold. */
  z.object({ code: z.literal('set-aside'), metric: metricName, level: finite, countsFrom: finite }),
  /** This metric stayed at `level` while the weight was cut by a fifth or more: it does not cut any more. */
  z.object({ code: z.literal('not-cut'), metric: metricName, level: finite }),
  /** Cut by degrees because this metric nears saturation. */
  z.object({ code: z.literal('graded'), metric: metricName, utilisation: finite, factor: finite }),
  /** The paper's hard rule: weight 0 while any of these is over its threshold. */
  z.object({ code: z.literal('over-threshold'), metrics: z.array(metricName) }),
  /** The policy gives no weight: the learned one is held. */
  z.object({
    code: z.literal('held'),
    because: z.enum(['stale', 'no-load', 'mostly-stale', 'warming-up', 'just-up']),
    detail: z.string(),
  }),
  /** Moved a bounded step from the old target towards the new one. */
  z.object({ code: z.literal('smoothed'), factor: finite, wanted: finite }),
  /** HAProxy's counters prove that it may have this part of the traffic, 0 to 1: more than agents' reports alone allow. */
  z.object({ code: z.literal('limit-raised'), part: finite }),
  /** Limited to the largest share of the backend that agents' reports may give one server. */
  z.object({ code: z.literal('limited'), factor: finite }),
  /** Cut because more of its last answers are errors than of the other servers'; both shares 0 to 1. */
  z.object({ code: z.literal('errors'), share: finite, others: finite.optional(), factor: finite }),
  /** The other servers fail too, so its errors do not cut it; both shares 0 to 1. */
  z.object({ code: z.literal('errors-in-common'), share: finite, others: finite }),
  /** Its share of responses 4xx stands out against the others' mean, so the excess counts as errors; both 0 to 1. */
  z.object({ code: z.literal('client-errors'), share: finite, others: finite }),
  /** Coming back (or new): part of its weight, growing to 1. */
  z.object({ code: z.literal('ramp'), factor: finite }),
  /** Raised to the smallest share that is enough to learn from. */
  z.object({ code: z.literal('floor'), factor: finite }),
  /** Weight 0 by our decision: over threshold on two consecutive ticks, and the others can carry its work. */
  z.object({ code: z.literal('drained'), metrics: z.array(metricName) }),
  /** It should be drained, but the others could not carry its work. */
  z.object({
    code: z.literal('drain-refused'),
    metrics: z.array(metricName),
    because: z.enum([
      'others-overloaded',
      'half-drained',
      'last-server',
      'cannot-predict',
      'in-common',
      'own-work',
      'one-at-a-time',
    ]),
    detail: z.string(),
  }),
  /** It was drained and no longer is. */
  z.object({
    code: z.literal('released'),
    because: z.enum([
      'recovered',
      'not-traffic',
      'stale',
      'others-overloaded',
      'half-drained',
      'last-server',
      'all-zero',
    ]),
  }),
  /** Weight 0 for a time because it answers errors, which under leastconn make it look idle. */
  z.object({ code: z.literal('ejected'), share: finite, remainingMs: finite }),
  /** It was ejected, and a few requests are to show whether it is well again. */
  z.object({ code: z.literal('probed'), share: finite }),
  /** Scaled so that the largest weight of the backend is 256, and rounded to an integer. */
  z.object({ code: z.literal('scaled'), from: finite, to: z.number().int() }),
  /** A server that is left alone takes requests: all weights keep the sum of the configured ones, so that it keeps its share. */
  z.object({ code: z.literal('sum-kept'), from: finite, to: z.number().int(), sum: finite }),
  /** Another writer changes this weight: it is left alone for `waitTicks` more ticks. */
  z.object({ code: z.literal('contested'), wanted: z.number().int(), waitTicks: z.number().int() }),
  /** Not written: too close to what HAProxy has, or too few requests since the last change. */
  z.object({ code: z.literal('kept'), because: z.enum(['deadband', 'patience']), current: z.number().int() }),
]);

export type Reason = z.infer<typeof reasonSchema>;
export type HeldBecause = Extract<Reason, { code: 'held' }>['because'];
export type DrainRefusedBecause = Extract<Reason, { code: 'drain-refused' }>['because'];
export type ReleasedBecause = Extract<Reason, { code: 'released' }>['because'];

/** What one tick decided for one server. */
export interface Decision {
  readonly server: string;
  /** The weight that HAProxy should have now, 0 to 256. Equal to the current weight where nothing is to be written. */
  readonly weight: number;
  /**
   * Whether `weight` is to be sent, so whether it differs from the current weight. A field of its own because recordings hold
   * it, and because it becomes false at a tick that was missed and for a weight that HAProxy did not take.
   */
  readonly write: boolean;
  readonly drained: boolean;
  /** Load by equation (1), 0 to 1, and its distance from the mean; null where unknown. */
  readonly load: number | null;
  readonly delta: number | null;
  readonly reasons: readonly Reason[];
  /** Absent where the server can have no limit, or limits are off. */
  readonly limit?: LimitDecision | undefined;
}

/** The same, for reading a decision back: a recording comes from outside. */
export const decisionSchema = z.strictObject({
  server: z.string(),
  weight: weightSchema,
  write: z.boolean(),
  drained: z.boolean(),
  load: z.number().nullable(),
  delta: z.number().nullable(),
  reasons: z.array(reasonSchema).readonly(),
  limit: limitDecisionSchema.optional(),
});

/** Does not compile where the schema and the type differ. */
export const decisionSchemaIsItsType: Same<z.output<typeof decisionSchema>, Decision> = true;
