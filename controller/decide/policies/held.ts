import type { Observation } from '../../../shared/contract/observation.ts';
import type { Verdict } from '../../../shared/contract/policy.ts';

/** The verdict where data is missing or stale: the learned weight is held. */
export function heldVerdict({ agent }: Observation): Verdict {
  const reason =
    agent.state === 'stale'
      ? ({ code: 'held', because: 'stale', detail: agent.detail } as const)
      : ({ code: 'held', because: 'no-load', detail: 'cpu is unknown' } as const);
  return { weight: null, load: null, delta: null, reasons: [reason] };
}
