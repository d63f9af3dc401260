import type { Decision } from '../../shared/contract/decision.ts';
import { maxWeight } from '../../shared/contract/limits.ts';
import type { Observation } from '../../shared/contract/observation.ts';
import { sum } from '../../shared/math/statistics.ts';
import { apportion } from './apportion.ts';

/*
 * A live server that haweight leaves alone keeps its weight, so ours must not outscale it. Policy and guard work on their own
 * scale, where the largest weight is 256; here these weights become what HAProxy gets. Without such a server that is the same.
 * With one, the weights of our servers keep the sum of their configured weights.
 */

/** What the last tick left of a server: its weight on the guard's scale, and HAProxy's. */
interface Left {
  readonly scaled: number;
  readonly written: number;
}

/** What is remembered from tick to tick for one backend. */
export interface BesideOthersState {
  readonly left: ReadonlyMap<string, Left>;
  /** Since a server that is left alone last took requests, in ms; null: none did of late. */
  readonly aloneForMs: number | null;
}

export const nothingLeft: BesideOthersState = { left: new Map(), aloneForMs: null };

/** How long the sum is kept after the last such server has gone: one that goes and comes must not rescale all each time. */
const keepSumMs = 60_000;
/** A weight stays while it is this near to the exact one: a value at the edge of rounding must not be written at every tick. */
const nearEnough = 0.75;

/** HAProxy's weights on the guard's scale, so that the guard sees what it decided before. Pure. */
export function toGuardScale(observations: readonly Observation[], { left }: BesideOthersState): Observation[] {
  const scale = scaleOf([...left.values()]);
  return observations.map((observation) => {
    const { server, currentWeight, exclusion } = observation;
    const known = left.get(server);
    if (known !== undefined && known.written === currentWeight) return { ...observation, currentWeight: known.scaled };
    if (exclusion !== null || currentWeight === 0) return observation;
    // a newcomer's, or another writer's
    return { ...observation, currentWeight: rescaled(currentWeight, scale) };
  });
}

/** `scale` is NaN where no server has a weight to compare with. */
function rescaled(weight: number, scale: number): number {
  if (weight === 0 || Number.isNaN(scale)) return weight;
  return Math.min(maxWeight, Math.max(1, Math.round(weight * scale)));
}

function scaleOf(left: readonly Left[]): number {
  const open = left.filter(({ scaled, written }) => scaled > 0 && written > 0);
  if (open.length === 0) return 1;
  return sum(open.map(({ scaled }) => scaled)) / sum(open.map(({ written }) => written));
}

/** Whether someone else sets its weight while it takes requests. */
function isOthers(observation: Observation): boolean {
  const { takesRequests, currentWeight } = observation;
  return takesRequests && currentWeight > 0 && !isOurs(observation);
}

/** In rotation, and not left to another writer. */
function isOurs({ exclusion, leftToOther }: Observation): boolean {
  return exclusion === null && leftToOther !== true;
}

/**
 * The weights that HAProxy gets for the guard's. While a server that is left alone takes requests, and a minute longer, ours
 * have the sum of the configured weights of those in rotation: that is how the operator set them against the others. A server
 * that leaves rotation takes its part with it; the part of a drained one goes to the rest. Pure.
 */
export function besideOthers(
  observations: readonly Observation[],
  decided: readonly Decision[],
  elapsedMs: number,
  before: BesideOthersState,
): { readonly decisions: readonly Decision[]; readonly state: BesideOthersState } {
  const isAlone = !observations.some(isOthers);
  const waited = before.aloneForMs === null ? null : before.aloneForMs + elapsedMs;
  const aloneForMs = isAlone ? (waited !== null && waited < keepSumMs ? waited : null) : 0;
  const ours = new Map(observations.filter(isOurs).map((observation) => [observation.server, observation]));
  const total = sum([...ours.values()].map(({ configuredWeight }) => configuredWeight));
  const scaled = new Map(decided.map(({ server, weight }) => [server, weight]));
  const open = new Map([...scaled].filter(([server, weight]) => ours.has(server) && weight > 0));
  const written = aloneForMs === null || open.size === 0 ? open : withSum(open, total, ours, before);
  // a server that is left to another writer does not count, but has a weight that ours would be
  const asTheRest = (weight: number) => rescaled(weight, sum([...written.values()]) / sum([...open.values()]));
  const left = new Map<string, Left>();
  const inRotation = new Set(observations.filter(({ exclusion }) => exclusion === null).map(({ server }) => server));
  const current = new Map(observations.map(({ server, currentWeight }) => [server, currentWeight]));
  const decisions = decided.map((decision) => {
    const { server, reasons } = decision;
    const found = current.get(server) ?? decision.weight;
    const weight = written.get(server) ?? (inRotation.has(server) ? asTheRest(decision.weight) : found);
    const known = before.left.get(server);
    if (ours.has(server)) left.set(server, { scaled: decision.weight, written: weight });
    // a server that is away keeps its weight in HAProxy, and comes back with it
    else if (known?.written === found) left.set(server, known);
    const step = { code: 'sum-kept' as const, from: decision.weight, to: weight, sum: total };
    return {
      ...decision,
      weight,
      write: weight !== found,
      reasons: aloneForMs === null || !open.has(server) ? reasons : [...reasons, step],
    };
  });
  return { decisions, state: { left, aloneForMs } };
}

/** Weights that have the sum: those of HAProxy where all are near enough, so that nothing is written for a rounding. */
function withSum(
  open: ReadonlyMap<string, number>,
  total: number,
  ours: ReadonlyMap<string, Observation>,
  before: BesideOthersState,
): ReadonlyMap<string, number> {
  const parts = apportion(open, total);
  const wanted = new Map([...parts].map(([server, { whole }]) => [server, whole]));
  const current = new Map([...open.keys()].map((server) => [server, ours.get(server)?.currentWeight ?? 0]));
  const isRight = sum([...current.values()]) === sum([...wanted.values()]);
  const isNear = [...parts].every(([server, { exact }]) => {
    const now = current.get(server) ?? 0;
    return now > 0 && before.left.get(server)?.written === now && Math.abs(exact - now) < nearEnough;
  });
  return isRight && isNear ? current : wanted;
}
