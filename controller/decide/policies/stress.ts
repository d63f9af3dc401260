import type { Reason } from '../../../shared/contract/decision.ts';
import type { Policy, Verdict } from '../../../shared/contract/policy.ts';
import { heldVerdict } from './held.ts';
import { relativeLoads } from './load.ts';
import { withoutRam } from './without-ram.ts';

/** Least weight, in the unit of the configured weights. */
const minWeight = 0.1;

/**
 * The first prototype's policy, but from each server's own stress: its configured weight over 1 + stress, where stress is
 * (cpu + ram) / 2. It takes the configured weights for the sizes of the servers and subtracts at most half: stress 0 leaves all
 * of the configured weight, stress 1 a half.
 *
 * It needs no smoothing: near balance a deviation x of ln u is answered by -g x with g = (u / 2) / (1 + stress), at most
 * 1/3, which dies out by itself, and with a tick of delay too. maxStep is over ln 2, the policy's whole range.
 */
export const stress: Policy<null> = {
  name: 'stress',
  dynamics: { gain: 1, maxStep: 0.7, overload: 'guard' },
  initialState: null,
  decide(input, state) {
    const loads = relativeLoads(input.observations, input.factors);
    const verdicts = new Map<string, Verdict>();
    for (const observation of input.observations) {
      const { server, agent, configuredWeight } = observation;
      if (agent.state === 'stale' || agent.utilisation.cpu === null) {
        verdicts.set(server, heldVerdict(observation));
        continue;
      }
      const { cpu, ram } = agent.utilisation;
      const own = ram === null ? cpu : (cpu + ram) / 2;
      const weight = Math.max(minWeight, configuredWeight / (1 + own));
      const { load = null, delta = null, reasons = [] } = loads.get(server) ?? {};
      const step: Reason = { code: 'stress', stress: own, configuredWeight, factor: weight };
      verdicts.set(server, { weight, load, delta, reasons: [...withoutRam(reasons, ram), step] });
    }
    return { verdicts, state };
  },
};
