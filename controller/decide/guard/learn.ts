import type { Reason } from '../../../shared/contract/decision.ts';
import type { Utilisations } from '../../../shared/contract/observation.ts';
import type { Dynamics, Thresholds } from '../../../shared/contract/policy.ts';
import { mean, median } from '../../../shared/math/statistics.ts';
import { isEjected } from '../fast/fast-weight.ts';
import { gradeFactor } from './grade.ts';
import { mediansOfOthers } from './others.ts';
import { type ServerMemory, unknownUtilisation } from './state.ts';
import type { Entry } from './take-in.ts';
import { cuttable } from './vain-cut.ts';

/** Share of the way that the cut for RAM goes in a tick, under a policy that answers the rest itself: RAM changes slowly. */
const sharedGradeGain = 0.3;

/** Above this smoothed share of errors a server is cut so much that it may be idle for it. */
const cutErrorShare = 0.1;

/** An entry whose server has a learned weight. */
export interface LearnedEntry extends Entry {
  readonly memory: ServerMemory & { readonly logWeight: number };
}

/**
 * Gives every server without a learned weight one to start from. At the first tick that is HAProxy's present weight, so that
 * a start changes nothing at once. For a server that joins later, or that has weight 0 then (drained by a controller that was
 * killed: 0 says nothing of its size), it is the mean of the others by size.
 */
export function withStartingWeights(entries: readonly Entry[], started: boolean): LearnedEntry[] {
  const ofItsOwn = ({ observation: { currentWeight }, memory }: Entry) =>
    memory.logWeight ?? (started || currentWeight === 0 ? null : Math.log(currentWeight));
  const known = entries.flatMap((entry) => {
    const own = ofItsOwn(entry);
    return own === null ? [] : [own - Math.log(entry.size)];
  });
  const ofOthers = mean(known);
  return entries.map((entry) => {
    const { currentWeight, configuredWeight } = entry.observation;
    const alone = Math.log(currentWeight > 0 ? currentWeight : Math.max(1, configuredWeight));
    const logWeight = ofItsOwn(entry) ?? (ofOthers === null ? alone : Math.log(entry.size) + ofOthers);
    return { ...entry, memory: { ...entry.memory, logWeight } };
  });
}

/**
 * Moves every server's learned weight a bounded step towards what the policy wants now. A policy's weights are relative, so
 * only their differences count: the step of the median server is subtracted from all. Otherwise every server that is held
 * would lose share while another one is overloaded and the policy raises the rest. `isOverloaded`: all together cannot do what is
 * asked for, so none is cut near saturation.
 */
export function learnWeights(
  entries: readonly LearnedEntry[],
  dynamics: Dynamics,
  thresholds: Thresholds,
  isOverloaded: boolean,
): LearnedEntry[] {
  const aimed = entries.map((entry) => ({ entry, aim: aimOf(entry, dynamics) }));
  const common = median(aimed.flatMap(({ aim }) => aim ?? [])) ?? 0;
  const othersOf = mediansOfOthers(entries.map((entry) => cuttableOf(entry, dynamics)));
  return aimed.map(({ entry, aim }) => {
    const graded = isOverloaded ? uncut(entry) : grade(entry, othersOf, dynamics, thresholds);
    const own = aim === null ? null : aim - common;
    return step(entry, own !== null && isIdleByErrors(entry, dynamics) ? Math.min(0, own) : own, graded, dynamics);
  });
}

/**
 * How far the policy's weight is from the learned one, as a difference of logarithms; null: the learned one is held. It is held
 * without a verdict, while the server has weight 0, and, where the policy goes by load, during its ramp: an idle server looks
 * larger than it is.
 */
function aimOf({ observation: { fast }, verdict, memory }: LearnedEntry, { overload }: Dynamics): number | null {
  if (verdict.weight === null || memory.drained || isEjected(fast)) return null;
  if (overload === 'guard' && fast.ramp < 1) return null;
  return Math.log(verdict.weight) - memory.logWeight;
}

/** A server that is cut for its errors is idle, which a policy that goes by load takes for size: it must not undo the cut. */
function isIdleByErrors({ memory }: LearnedEntry, { overload }: Dynamics): boolean {
  return overload === 'guard' && memory.errorShare > cutErrorShare;
}

/** The cut for metrics near saturation. It is kept beside the weight, because no policy has learned it. */
function grade(
  entry: Entry,
  othersOf: (own: Utilisations) => Utilisations,
  dynamics: Dynamics,
  thresholds: Thresholds,
) {
  const nothing = { aim: 0, reasons: [] };
  if (dynamics.overload === 'policy' || entry.observation.agent.state === 'stale') return nothing;
  const utilisation = cuttableOf(entry, dynamics);
  const { factor, reasons } = gradeFactor(utilisation, othersOf(utilisation), thresholds);
  return { aim: Math.log(factor) - entry.memory.logGrade, reasons };
}

function uncut({ memory: { logGrade } }: Entry) {
  return { aim: -logGrade, reasons: [] };
}

function cuttableOf({ observation: { agent }, memory }: Entry, { overload }: Dynamics): Utilisations {
  if (agent.state === 'stale') return unknownUtilisation;
  const utilisation = cuttable(agent.utilisation, memory);
  return overload === 'shared' ? { ...unknownUtilisation, ram: utilisation.ram } : utilisation;
}

function step(
  entry: LearnedEntry,
  aim: number | null,
  graded: { readonly aim: number; readonly reasons: readonly Reason[] },
  { gain, maxStep, overload }: Dynamics,
): LearnedEntry {
  const { observation, memory, verdict, reasons: known } = entry;
  const bounded = (value: number) => Math.min(maxStep, Math.max(-maxStep, value));
  const weightStep = bounded(gain * (aim ?? 0));
  const total = bounded(weightStep + (overload === 'shared' ? sharedGradeGain : gain) * graded.aim);
  const reasons: Reason[] = [...verdict.reasons, ...known, ...graded.reasons];
  if (aim !== null) {
    reasons.push({ code: 'smoothed', factor: Math.exp(total), wanted: Math.exp(aim + graded.aim) });
  } else if (verdict.weight !== null && observation.fast.ramp < 1) {
    reasons.push({ code: 'held', because: 'just-up', detail: 'new or just back in rotation' });
  }
  const logWeight = memory.logWeight + weightStep;
  const logGrade = memory.logGrade + total - weightStep;
  return { ...entry, memory: { ...memory, logWeight, logGrade }, reasons };
}
