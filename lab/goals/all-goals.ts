import type { PolicyName } from '../../shared/contract/policy-names.ts';
import type { Goal } from './goal.ts';
import { generalGoals } from './goals.ts';
import { neverWorse } from './never-worse.ts';
import { promises } from './promises.ts';

/** Every goal for the policy that is, or is to become, the default. */
export function allGoals(policy: PolicyName): readonly Goal[] {
  return [...generalGoals(policy), ...promises(policy), ...neverWorse(policy)];
}
