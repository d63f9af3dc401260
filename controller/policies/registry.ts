import type { Policy } from '../../contract/policy.ts';
import { equal } from './equal.ts';
import { inverseLoad } from './inverse-load.ts';
import { paper } from './paper.ts';

/** Every law, by the name that configuration and command line use. */
const builders = {
  'inverse-load': () => inverseLoad,
  equal: () => equal,
  paper: () => paper,
} as const satisfies Record<string, () => Policy>;

export type PolicyName = keyof typeof builders;

export const policyNames = Object.keys(builders) as [PolicyName, ...PolicyName[]];
export const defaultPolicy: PolicyName = 'inverse-load';

/** The law of that name. */
export function policyNamed(name: PolicyName): Policy {
  return builders[name]();
}
