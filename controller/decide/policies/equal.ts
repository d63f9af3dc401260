import type { Policy, Verdict } from '../../../shared/contract/policy.ts';
import { relativeLoads } from './load.ts';

/** The same weight for every server; loads are computed only to be shown. The guard still cuts and drains. */
export const equal: Policy<null> = {
  name: 'equal',
  dynamics: { gain: 1, maxStep: 0.7, overload: 'guard' },
  initialState: null,
  decide(input, state) {
    const loads = relativeLoads(input.observations, input.factors);
    const verdicts = new Map<string, Verdict>();
    for (const { server } of input.observations) {
      const { load = null, delta = null, reasons = [] } = loads.get(server) ?? {};
      verdicts.set(server, { weight: 1, load, delta, reasons: [...reasons, { code: 'equal', factor: 1 }] });
    }
    return { verdicts, state };
  },
};
