import type { Policy } from '../../contract/policy.ts';
import { equal } from './equal.ts';
import { inverseLoad } from './inverse-load.ts';
import { paper } from './paper.ts';

/** Every law, by the name that configuration and command line use. */
export const policies = { 'inverse-load': inverseLoad, equal, paper } as const satisfies Record<string, Policy>;

export type PolicyName = keyof typeof policies;

export const policyNames = Object.keys(policies) as [PolicyName, ...PolicyName[]];
export const defaultPolicy: PolicyName = 'inverse-load';
