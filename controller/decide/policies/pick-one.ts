import type { Reason } from '../../../shared/contract/decision.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import type { Policy, Verdict } from '../../../shared/contract/policy.ts';
import { heldVerdict } from './held.ts';
import { relativeLoads } from './load.ts';
import { withoutRam } from './without-ram.ts';

/** Constants of the policy. */
export interface PickOneSettings {
  /** Which of the servers under both thresholds gets the new work: the simulator's reading, or the name's. */
  readonly pick: 'most-utilised' | 'least-utilised';
  /** CPU utilisation from which a server gets no new work, above 0 to 1. */
  readonly cpuThreshold: number;
  /** The same for RAM. */
  readonly ramThreshold: number;
}

export const defaultPickOneSettings: PickOneSettings = {
  pick: 'most-utilised',
  cpuThreshold: 0.7,
  ramThreshold: 0.7,
};

/** The whole range of weights in one step: the policy is a switch, and smoothing would make it another policy. */
const maxStep = 6;

/** Relative weight of the servers that are passed over: rounds to 1 of 256, or to what the guard's floor makes of it. */
const passedOver = Math.exp(-maxStep);

interface Candidate {
  readonly server: string;
  readonly cpu: number;
  /** null: unknown, and then cpu alone decides. */
  readonly ram: number | null;
}

/**
 * N. Grozev and R. Buyya, "Multi-Cloud Provisioning and Load Distribution for Three-Tier Applications", ACM TAAS 2014,
 * as the authors' public simulator does it (github.com/Cloudslab/CloudSimEx, cloudsimex-web/.../web/
 * CompressLoadBalancer.java): servers are ranked by CPU utilisation alone, most utilised first; the first one whose CPU
 * and RAM are both under their thresholds gets the new work; where none is, the last one, so the least utilised. That
 * packs work onto few servers, so that the others can be switched off. An earlier form of the same class did not stop at
 * the first and so took the least utilised under the thresholds: that is `pick: 'least-utilised'`.
 *
 * The thresholds of 0.70 are the defaults of the authors' experiment (cloudsimex-experiments/.../experiments/
 * MultiCloudFramework.java); some of their runs are started with 0.80.
 *
 * What differs: the simulator decides for every session, this policy once a tick, from snapshots that are up to a tick old;
 * the servers that are passed over keep weight 1, since only the guard gives weight 0; and the simulator ranks servers
 * without a session last, while here only CPU utilisation ranks them.
 */
export function pickOne(settings: PickOneSettings = defaultPickOneSettings): Policy<null> {
  return {
    name: 'pick-one',
    dynamics: { gain: 1, maxStep, overload: 'guard', concentrates: true },
    initialState: null,
    decide(input, state) {
      const candidates = input.observations.flatMap(candidateOf);
      const choice = choose(candidates, settings);
      const loads = relativeLoads(input.observations, input.factors);
      const verdicts = new Map<string, Verdict>(
        input.observations.map((observation) => [observation.server, heldVerdict(observation)]),
      );
      for (const { server, cpu, ram } of candidates) {
        const { load = null, delta = null, reasons = [] } = loads.get(server) ?? {};
        const picked = server === choice?.server;
        const step: Reason = picked
          ? { code: 'picked', because: choice.because, utilisation: cpu }
          : { code: 'passed-over', utilisation: cpu };
        const weight = picked ? 1 : passedOver;
        verdicts.set(server, { weight, load, delta, reasons: [...withoutRam(reasons, ram), step] });
      }
      return { verdicts, state };
    },
  };
}

/** Servers that can be judged: a fresh snapshot with cpu in it. */
function candidateOf({ server, agent }: Observation): Candidate[] {
  if (agent.state === 'stale' || agent.utilisation.cpu === null) return [];
  return [{ server, cpu: agent.utilisation.cpu, ram: agent.utilisation.ram }];
}

function choose(candidates: readonly Candidate[], settings: PickOneSettings) {
  const { pick, cpuThreshold, ramThreshold } = settings;
  const under = candidates.filter(({ cpu, ram }) => cpu < cpuThreshold && (ram === null || ram < ramThreshold));
  const [first] = under.sort(pick === 'most-utilised' ? byMost : byLeast);
  if (first !== undefined) return { server: first.server, because: pick };
  const [least] = [...candidates].sort(byLeast);
  return least === undefined ? null : { server: least.server, because: 'none-under-threshold' as const };
}

/** Ties by name, so that the order of the servers does not matter. */
function byLeast(a: Candidate, b: Candidate): number {
  return a.cpu - b.cpu || byName(a, b);
}

function byMost(a: Candidate, b: Candidate): number {
  return b.cpu - a.cpu || byName(a, b);
}

function byName(a: Candidate, b: Candidate): number {
  return a.server < b.server ? -1 : 1;
}
