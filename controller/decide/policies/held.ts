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

/** A verdict whose weight or capacity is not a finite number above 0 is held: it must not reach HAProxy. */
export function usableOrHeld(verdict: Verdict): Verdict {
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
