import type { Reason } from '../../../shared/contract/decision.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import type { Verdict } from '../../../shared/contract/policy.ts';

/** The verdict where data is missing or stale: the learned weight is held. */
export function heldVerdict({ agent }: Observation): Verdict {
  const reason =
    agent.state === 'stale'
      ? ({ code: 'held', because: 'stale', detail: agent.detail } as const)
      : ({ code: 'held', because: 'no-load', detail: 'cpu is unknown' } as const);
  return held(reason);
}

/** The same where a policy's weight or capacity is no number above 0: HAProxy must not get what became of it. */
export function withoutNonsense(verdict: Verdict): Verdict {
  const isUsable = (value: number | null) => value === null || (Number.isFinite(value) && value > 0);
  const { weight, capacity = null } = verdict;
  if (isUsable(weight) && isUsable(capacity)) return verdict;
  return held({
    code: 'held',
    because: 'no-load',
    detail: `the policy's weight is ${weight}, its capacity ${capacity}`,
  });
}

function held(reason: Reason): Verdict {
  return { weight: null, load: null, delta: null, reasons: [reason] };
}
