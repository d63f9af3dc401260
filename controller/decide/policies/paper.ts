import type { Reason } from '../../../shared/contract/decision.ts';
import { maxWeight } from '../../../shared/contract/limits.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import type { Policy, PolicyInput, Thresholds, Verdict } from '../../../shared/contract/policy.ts';
import { type MetricName, metricNames } from '../../../shared/contract/snapshot.ts';
import { heldVerdict } from './held.ts';
import { relativeLoads } from './load.ts';

/** Servers that the paper's hard rule holds at weight 0 now. */
interface PaperState {
  readonly zeroed: readonly string[];
}

/**
 * The publication's policy to the letter (Adewojo & Bass, CLOSER 2022, equations (1) to (4)): to reproduce it, never for
 * production. It has no smoothing and no guard: when all servers are over a threshold, all get weight 0, which is an outage.
 */
export const paper: Policy<PaperState> = {
  name: 'paper',
  dynamics: null,
  initialState: { zeroed: [] },
  forget: (state, names) => ({ zeroed: state.zeroed.filter((server) => !names.has(server)) }),
  decide(input, state) {
    const loads = relativeLoads(input.observations, input.factors);
    const zeroed: string[] = [];
    const verdicts = new Map<string, Verdict>();
    for (const observation of input.observations) {
      const { server } = observation;
      const relative = loads.get(server);
      if (relative === undefined) {
        verdicts.set(server, heldVerdict(observation));
        if (state.zeroed.includes(server)) zeroed.push(server);
        continue;
      }
      const { load, average, delta } = relative;
      const over = metricsOver(observation, input, state.zeroed.includes(server));
      if (over.length > 0) zeroed.push(server);
      const inverse = (1 / load) * (load <= average ? 1 + delta : 1 - delta);
      const weight = over.length > 0 ? 0 : roundAsPublished(inverse);
      const rule: Reason[] = over.length > 0 ? [{ code: 'over-threshold', metrics: over }] : [];
      const reasons: Reason[] = [...relative.reasons, { code: 'inverse-load', factor: inverse }, ...rule];
      verdicts.set(server, { weight, load, delta, reasons });
    }
    return { verdicts, state: { zeroed: zeroed.sort() } };
  },
};

/** "A fraction above 0.8 rounds up, any other down", kept within what HAProxy takes; (4) is negative beyond 2 Lavg. */
export function roundAsPublished(weight: number): number {
  const whole = Math.floor(weight);
  return Math.min(maxWeight, Math.max(0, weight - whole > 0.8 ? whole + 1 : whole));
}

/**
 * Zero from the threshold on (the TCP queues: above it), until every metric is back at or under it. Of the TCP queues the fullest
 * single one counts, as published.
 */
function metricsOver(observation: Observation, input: PolicyInput, wasZeroed: boolean): MetricName[] {
  const { agent } = observation;
  if (agent.state === 'stale') return [];
  const { utilisation, fullestQueue = utilisation.tcpQueues } = agent;
  return metricNames.filter((metric) => {
    const value = metric === 'tcpQueues' ? fullestQueue : utilisation[metric];
    return value !== null && isOver(metric, value, input.thresholds, wasZeroed);
  });
}

function isOver(metric: MetricName, value: number, thresholds: Thresholds, wasZeroed: boolean): boolean {
  return metric === 'tcpQueues' || wasZeroed ? value > thresholds[metric] : value >= thresholds[metric];
}
