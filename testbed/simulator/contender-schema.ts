import { z } from 'zod';
import { policyNames } from '../../shared/contract/policy-names.ts';
import { rivalNames } from './rivals/names.ts';

/** Limits as one would set them who knows the fleet, instead of `maxconn`: one of the two. */
export const fixedLimitsSchema = z
  .strictObject({
    /** So many requests for each core, at least 1. */
    perCore: z.number().gt(0, 'a number above 0 and up to 10000').max(10_000).optional(),
    /** This part more than the share of what is in flight that the server's weight gives it; with `minconn` and `fullconn`. */
    bound: z.number().min(0).max(100).optional(),
  })
  .refine(({ perCore, bound }) => (perCore === undefined) !== (bound === undefined), {
    error: 'either perCore or bound',
  });

export type FixedLimits = z.output<typeof fixedLimitsSchema>;

const limits = fixedLimitsSchema.optional();

export const contenderSchema = z.discriminatedUnion(
  'kind',
  [
    /** The real controller with this policy; `config` holds keys of the controller's configuration file. */
    z.strictObject({
      kind: z.literal('policy'),
      policy: z.enum(policyNames),
      config: z.record(z.string(), z.unknown()).default({}),
    }),
    /** No controller: weights that never change. */
    z.strictObject({ kind: z.literal('static'), weights: z.enum(['configured', 'equal', 'capacity']), limits }),
    /** No controller: weights by the true capacity, at once whenever an event changes it. */
    z.strictObject({ kind: z.literal('oracle'), limits }),
    /** Another balancer in place of each HAProxy's `balance`; docs/policies.md says what it knows that HAProxy does not. */
    z.strictObject({ kind: z.literal('rival'), rival: z.enum(rivalNames) }),
  ],
  { error: 'a contender of kind policy, static, oracle or rival' },
);
