import type { Reason } from '../../../shared/contract/decision.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import type { Thresholds, Verdict } from '../../../shared/contract/policy.ts';
import { heldVerdict } from '../policies/held.ts';
import { nextErrorShare } from './errors.ts';
import { metricsOver, smoothUtilisation } from './overload.ts';
import { type GuardState, newcomer, type ServerMemory, unknownUtilisation } from './state.ts';

/** One server in rotation while a tick is decided: its observation, the policy's verdict, and what is remembered. */
export interface Entry {
  readonly observation: Observation;
  readonly verdict: Verdict;
  readonly memory: ServerMemory;
  /** Effective cores, or 1 for every server where they are not known of all. */
  readonly size: number;
  readonly reasons: readonly Reason[];
}

export interface TakeInInput {
  readonly observations: readonly Observation[];
  readonly verdicts: ReadonlyMap<string, Verdict>;
  readonly thresholds: Thresholds;
  /** Share of its weight that a new or returned server starts with, 0 to 1. */
  readonly rampStep: number;
}

/** Updates what is remembered of every server from the tick: errors, smoothed utilisation, size, and whether it just joined. */
export function takeIn(input: TakeInInput, before: GuardState): Entry[] {
  const taken = input.observations.map((observation) => {
    const memory = takeInServer(observation, memoryAtTick(observation, input.rampStep, before), input.thresholds);
    const verdict = input.verdicts.get(observation.server) ?? heldVerdict(observation);
    return { observation, verdict, memory, reasons: [] };
  });
  const areSized = taken.every(({ memory }) => memory.effectiveCores !== null);
  const sizeOf = ({ effectiveCores }: ServerMemory) => (areSized && effectiveCores !== null ? effectiveCores : 1);
  return taken.map((entry) => ({ ...entry, size: sizeOf(entry.memory) }));
}

/** A server that joined, or came back, starts its ramp; one that was there at our first tick does not. */
function memoryAtTick({ server, currentWeight }: Observation, rampStep: number, before: GuardState): ServerMemory {
  const known = before.servers.get(server) ?? newcomer;
  // weight 0 at our first tick was left behind by a controller that was killed: it comes back like any other
  const joins = before.started ? !known.inRotation : currentWeight === 0;
  return joins
    ? { ...newcomer, logWeight: known.logWeight, errorShare: known.errorShare, inRotation: true, ramp: rampStep }
    : { ...known, inRotation: true, ramp: Math.min(1, known.ramp + rampStep) };
}

function takeInServer({ traffic, agent }: Observation, before: ServerMemory, thresholds: Thresholds): ServerMemory {
  const errorShare = nextErrorShare(before.errorShare, traffic);
  if (agent.state === 'stale') return { ...before, errorShare, utilisation: unknownUtilisation, overTicks: 0 };
  const utilisation = smoothUtilisation(before.utilisation, agent.utilisation);
  const overTicks = metricsOver(utilisation, thresholds).length > 0 ? before.overTicks + 1 : 0;
  return { ...before, errorShare, utilisation, overTicks, effectiveCores: agent.effectiveCores };
}
