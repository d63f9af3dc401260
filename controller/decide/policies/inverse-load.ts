import type { Reason } from '../../../shared/contract/decision.ts';
import type { Policy, Verdict } from '../../../shared/contract/policy.ts';
import { heldVerdict } from './held.ts';
import { relativeLoads } from './load.ts';

/** Least relative weight: the policy's own is negative beyond twice the mean load. */
const minFactor = 0.1;

/**
 * The publication's policy made stable and safe: the same load, delta and inverse, made scale-free by the mean load and
 * multiplied by the server's size. The guard does the grading, smoothing, errors and draining.
 *
 * The gain of 0.25 a tick keeps the loop stable at every utilisation even with a tick of delay: near balance the policy
 * maps a deviation x of ln u to -g x with g = 2 a u / (a u + b) < 2 (a = 0.5, the factor of cpu; b, the part of the
 * load that does not follow traffic), and with one tick of delay stability needs a gain under 1 / g, at least 0.5.
 */
export const inverseLoad: Policy<null> = {
  name: 'inverse-load',
  dynamics: { gain: 0.25, maxStep: 0.7, overload: 'guard' },
  initialState: null,
  decide(input, state) {
    const loads = relativeLoads(input.observations, input.factors);
    const verdicts = new Map<string, Verdict>();
    for (const observation of input.observations) {
      const relative = loads.get(observation.server);
      if (relative === undefined || observation.agent.state === 'stale') {
        verdicts.set(observation.server, heldVerdict(observation));
        continue;
      }
      const { load, average, delta } = relative;
      const factor = Math.max(minFactor, (average / load) * (load <= average ? 1 + delta : 1 - delta));
      const cores = observation.agent.effectiveCores;
      const reasons: Reason[] = [
        ...relative.reasons,
        { code: 'inverse-load', factor },
        { code: 'cores', factor: cores },
      ];
      verdicts.set(observation.server, { weight: factor * cores, load, delta, reasons });
    }
    return { verdicts, state };
  },
};
