import type { Reason } from '../../contract/decision.ts';
import type { Observation } from '../../contract/observation.ts';
import type { Dynamics, Thresholds, Verdict } from '../../contract/policy.ts';
import { sum } from '../policies/sum.ts';
import { nextErrorShare } from './errors.ts';
import { gradeFactor } from './grade.ts';
import { metricsOver, smoothUtilisation } from './overload.ts';
import { isEjected, type ServerMemory, unknownUtilisation } from './state.ts';

/** One server in rotation while a tick is being decided: what was seen, what the law says, what is remembered. */
export interface Entry {
  readonly observation: Observation;
  readonly verdict: Verdict;
  readonly memory: ServerMemory;
  readonly reasons: readonly Reason[];
}

/** Takes in what the tick says of a server besides its weight: errors, smoothed utilisation, size. */
export function observeServer(observation: Observation, before: ServerMemory, thresholds: Thresholds): ServerMemory {
  const errorShare = nextErrorShare(before.errorShare, observation.traffic);
  const { agent } = observation;
  if (agent.state === 'stale') return { ...before, errorShare, utilisation: unknownUtilisation, overTicks: 0 };
  const utilisation = smoothUtilisation(before.utilisation, agent.utilisation);
  const overTicks = metricsOver(utilisation, thresholds).length > 0 ? before.overTicks + 1 : 0;
  return { ...before, errorShare, utilisation, overTicks, effectiveCores: agent.effectiveCores };
}

/**
 * Gives every server without a learned weight one to start from. At the first tick that is HAProxy's present weight, so
 * that starting changes nothing at once; for a server that joins later, the mean of the others by size.
 */
export function withStartingWeights(entries: readonly Entry[], started: boolean): Entry[] {
  const known = entries.filter(({ memory }) => memory.logWeight !== null);
  const allSized = entries.every(({ memory }) => memory.effectiveCores !== null);
  const size = ({ memory }: Entry) => (allSized ? Math.log(memory.effectiveCores ?? 1) : 0);
  const fromOthers = (entry: Entry) =>
    size(entry) + mean(known.map((other) => (other.memory.logWeight ?? 0) - size(other)));
  const fromHaproxy = ({ observation }: Entry) => Math.log(Math.max(1, observation.currentWeight));
  const judged = entries.filter(({ verdict }) => (verdict.weight ?? 0) > 0);
  const offset = mean(judged.map((entry) => Math.log(entry.verdict.weight ?? 1) - fromHaproxy(entry)));
  return entries.map((entry) => {
    if (entry.memory.logWeight !== null) return entry;
    const logWeight = started && known.length > 0 ? fromOthers(entry) : fromHaproxy(entry) + offset;
    return { ...entry, memory: { ...entry.memory, logWeight } };
  });
}

/**
 * Moves a server's learned weight a bounded step towards what the law wants now, cut by degrees where a metric nears
 * saturation (unless the law does that itself). No step without a verdict, while it has weight 0, and, where the law goes
 * by load, while ramping up: an idle server looks larger than it is.
 */
export function learnWeight(entry: Entry, dynamics: Dynamics, thresholds: Thresholds): Entry {
  const { observation, verdict, memory } = entry;
  const reasons: Reason[] = [...verdict.reasons];
  const before = memory.logWeight ?? 0;
  if (verdict.weight === null || memory.drained || isEjected(memory)) return { ...entry, reasons };
  const byGuard = dynamics.overload === 'guard';
  if (byGuard && memory.ramp < 1) {
    reasons.push({ code: 'held', because: 'just-up', detail: 'new or just back in rotation' });
    return { ...entry, reasons };
  }
  const grade =
    byGuard && observation.agent.state === 'fresh'
      ? gradeFactor(observation.agent.utilisation, thresholds)
      : { factor: 1, reasons: [] };
  const wanted = Math.log(verdict.weight * grade.factor);
  const step = Math.min(dynamics.maxStep, Math.max(-dynamics.maxStep, dynamics.gain * (wanted - before)));
  const logWeight = before + step;
  reasons.push(...grade.reasons, { code: 'smoothed', factor: Math.exp(step), wanted: Math.exp(wanted - before) });
  return { ...entry, memory: { ...memory, logWeight }, reasons };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}
