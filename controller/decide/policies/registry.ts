import type { Policy } from '../../../shared/contract/policy.ts';
import { type CapacitySettings, capacity, defaultCapacitySettings } from './capacity.ts';
import { equal } from './equal.ts';
import { inverseLoad } from './inverse-load.ts';
import { paper } from './paper.ts';
import { defaultPickOneSettings, type PickOneSettings, pickOne } from './pick-one.ts';
import { stress } from './stress.ts';

/** Constants of the policies that have some. */
export interface PolicySettings {
  readonly capacity: CapacitySettings;
  readonly pickOne: PickOneSettings;
}

export const defaultPolicySettings: PolicySettings = {
  capacity: defaultCapacitySettings,
  pickOne: defaultPickOneSettings,
};

/** Every policy, by the name that configuration and command line use. */
const builders = {
  'inverse-load': () => inverseLoad,
  capacity: (settings) => capacity(settings.capacity),
  'pick-one': (settings) => pickOne(settings.pickOne),
  stress: () => stress,
  equal: () => equal,
  paper: () => paper,
} as const satisfies Record<string, (settings: PolicySettings) => Policy>;

export type PolicyName = keyof typeof builders;

export const policyNames = Object.keys(builders) as [PolicyName, ...PolicyName[]];
export const defaultPolicy: PolicyName = 'inverse-load';

/** The policy of that name. */
export function policyNamed(name: PolicyName, settings: PolicySettings = defaultPolicySettings): Policy {
  return builders[name](settings);
}

/** Names that policies had before. Files, flags and recordings may still have them. */
const formerNames: ReadonlyMap<string, PolicyName> = new Map([['least-utilised', 'pick-one']]);

/** Today's name of a policy that may be given by a former one; any other text as it is. */
export function currentPolicyName(name: string): string {
  return formerNames.get(name) ?? name;
}
