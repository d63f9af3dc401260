import type { Decision } from '../../shared/contract/decision.ts';
import type { Policy } from '../../shared/contract/policy.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { shadowFailed } from '../../shared/contract/problems/controller.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import { initialShadowState, type ShadowInput, type ShadowState, shadowTick } from './shadow.ts';

export type ShadowPolicyInput = Omit<ShadowInput, 'policy'>;

/** One policy that is computed beside the one in force, for one backend. Its failures affect nothing else. */
export class ShadowPolicy {
  readonly policy: Policy;
  #state: ShadowState;

  constructor(policy: Policy) {
    this.policy = policy;
    this.#state = initialShadowState(policy);
  }

  /** Its decisions at this tick. A policy that throws starts anew from HAProxy's weights at the next one. */
  tick(input: ShadowPolicyInput): Result<readonly Decision[], Problem> {
    try {
      const { decisions, state } = shadowTick({ ...input, policy: this.policy }, this.#state);
      this.#state = state;
      return ok(decisions);
    } catch (cause) {
      this.#state = initialShadowState(this.policy);
      return err(shadowFailed(this.policy.name, cause));
    }
  }

  /** Ticks are missing: what the policy in force left in HAProxy before this one is not known. */
  skipTicks(): void {
    this.#state = { ...this.#state, expected: new Map() };
  }
}
