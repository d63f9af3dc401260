import type { Policy } from '../../../shared/contract/policy.ts';
import { type CapacitySettings, capacity, defaultCapacitySettings } from './capacity.ts';
import { equal } from './equal.ts';
import { inverseLoad } from './inverse-load.ts';
import { defaultLeastUtilisedSettings, type LeastUtilisedSettings, leastUtilised } from './least-utilised.ts';
import { paper } from './paper.ts';
import { stress } from './stress.ts';

/** Constants of the policies that have some. */
export interface PolicySettings {
  readonly capacity: CapacitySettings;
  readonly leastUtilised: LeastUtilisedSettings;
}

export const defaultPolicySettings: PolicySettings = {
  capacity: defaultCapacitySettings,
  leastUtilised: defaultLeastUtilisedSettings,
};

/** Every policy, by the name that configuration and command line use. */
const builders = {
  'inverse-load': () => inverseLoad,
  capacity: (settings) => capacity(settings.capacity),
  'least-utilised': (settings) => leastUtilised(settings.leastUtilised),
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
