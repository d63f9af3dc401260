import type { Policy } from '../../../shared/contract/policy.ts';
import type { PolicyName } from '../../../shared/contract/policy-names.ts';
import { adaptive } from './adaptive.ts';
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

/** How every policy is made. */
const builders = {
  adaptive: () => adaptive,
  'inverse-load': () => inverseLoad,
  capacity: (settings) => capacity(settings.capacity),
  'pick-one': (settings) => pickOne(settings.pickOne),
  stress: () => stress,
  equal: () => equal,
  paper: () => paper,
} as const satisfies Record<PolicyName, (settings: PolicySettings) => Policy>;

/** The policy of that name. */
export function policyNamed(name: PolicyName, settings: PolicySettings = defaultPolicySettings): Policy {
  return builders[name](settings);
}
