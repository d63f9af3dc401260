import type { Decision, Reason } from '../../shared/contract/decision.ts';
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
    const isAsLeft = known !== undefined && known.written === currentWeight;
    // any other weight is a newcomer's or another writer's
    const scaled = isAsLeft ? known.scaled : exclusion === null ? rescaled(currentWeight, scale) : currentWeight;
    return scaled === currentWeight ? observation : { ...observation, currentWeight: scaled };
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

/** Whether another one sets its weight while it takes requests. */
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
): { readonly decisions: readonly Decision[]; readonly scale: number; readonly state: BesideOthersState } {
  const aloneForMs = observations.some(isOthers) ? 0 : aloneFor(before, elapsedMs);
  const ours = byServer(observations.filter(isOurs));
  const stated = sum([...ours.values()].map(({ configuredWeight }) => configuredWeight));
  const open = new Map(
    decided.flatMap(({ server, weight }) => (weight > 0 && ours.has(server) ? [[server, weight] as const] : [])),
  );
  // the other one has gone: a smaller sum does not outscale it when it is back, but a weight held at 256 would distort ours
  const total = aloneForMs === 0 ? stated : Math.min(stated, mostInProportion([...open.values()]));
  const keepsSum = aloneForMs !== null && open.size > 0;
  const written = keepsSum ? withSum(open, total, ours, before) : open;
  const scale = sum([...written.values()]) / sum([...open.values()]);
  const left = new Map<string, Left>();
  const seen = byServer(observations);
  const decisions = decided.map((decision): Decision => {
    const { server, weight: scaled, reasons } = decision;
    const { currentWeight: found = scaled, exclusion = null } = seen.get(server) ?? {};
    if (!ours.has(server)) {
      // a server that is away keeps its weight in HAProxy, and comes back with it
      const known = before.left.get(server);
      if (known?.written === found) left.set(server, known);
      // one that is left to another writer is told the weight that it would have
      const weight = exclusion === null ? rescaled(scaled, scale) : found;
      return { ...decision, weight, write: weight !== found };
    }
    const weight = written.get(server) ?? 0;
    left.set(server, { scaled, written: weight });
    const step: Reason[] = keepsSum && weight > 0 ? [{ code: 'sum-kept', from: scaled, to: weight, sum: total }] : [];
    return { ...decision, weight, write: weight !== found, reasons: [...reasons, ...step] };
  });
  return { decisions, scale: Number.isNaN(scale) ? 1 : scale, state: { left, aloneForMs } };
}

/** The largest sum of weights up to 256 in this proportion. */
function mostInProportion(weights: readonly number[]): number {
  return Math.floor((maxWeight * sum(weights)) / Math.max(1, ...weights));
}

/** null: so long that the sum is no longer kept. */
function aloneFor({ aloneForMs }: BesideOthersState, elapsedMs: number): number | null {
  return aloneForMs === null || aloneForMs + elapsedMs >= keepSumMs ? null : aloneForMs + elapsedMs;
}

function byServer(observations: readonly Observation[]): ReadonlyMap<string, Observation> {
  return new Map(observations.map((observation) => [observation.server, observation]));
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
