import type { ServerState } from '../../haproxy/runtime-api.ts';
import { maxWeight } from '../../shared/contract/limits.ts';
import { median } from '../../shared/math/statistics.ts';

/** A server that the configuration keeps at weight 0, and that was put into service at run time. */
export interface Found {
  /** The weight to give back, 1 to 256. */
  readonly weight: number;
  /** Whether its weight is 0 by our decision; else 0 means that it is kept out again. */
  readonly isOurZero: boolean;
}

/** Such servers by name. */
export type FoundWeights = ReadonlyMap<string, Found>;

type Facts = Pick<ServerState, 'server' | 'weight' | 'configuredWeight' | 'adminState' | 'fault'>;

/**
 * Ingress controllers write empty slots as `weight 0`, and give them a weight when a pod comes. HAProxy does not remember which,
 * so it is remembered here from when the server is first seen in service until it is kept out again.
 * `before`: null at the controller's first reading, when weights may be those of a controller before it. `decided`: the weights
 * that our last tick left. Pure.
 */
export function findWeights(
  states: readonly Facts[],
  before: FoundWeights | null,
  decided: ReadonlyMap<string, number> = new Map(),
): FoundWeights {
  return new Map(
    states.flatMap((state): [string, Found][] => {
      const { server, weight, adminState } = state;
      const known = before?.get(server);
      if (state.fault !== undefined) return known === undefined ? [] : [[server, known]];
      if (state.configuredWeight > 0) return [];
      if (weight > 0) {
        const found = before === null ? weightToGiveBack(state, states) : weight;
        return [[server, { weight: known?.weight ?? found, isOurZero: false }]];
      }
      const left = decided.get(server);
      const isOurZero = left === undefined ? known?.isOurZero === true : left === 0;
      // in maintenance the slot is empty again
      return known !== undefined && isOurZero && !adminState.maintenance ? [[server, { ...known, isOurZero }]] : [];
    }),
  );
}

/**
 * The weight to give back to a server, 0 to 256: the configured one. Where that is 0 and nothing is remembered: its weight now,
 * unless haweight has been at work here, as after a controller that was killed: another server does not have its configured
 * weight, and the largest is 256. Then it may be ours, and the median of the others' configured weights is the likeliest. Pure.
 */
export function weightToGiveBack(state: Facts, all: readonly Facts[]): number {
  if (state.configuredWeight > 0 || state.weight === 0) return state.configuredWeight;
  const others = all.filter(({ fault, configuredWeight }) => fault === undefined && configuredWeight > 0);
  const isTouched = others.some(({ weight, configuredWeight }) => weight !== configuredWeight);
  const isScaled = all.some(({ fault, weight }) => fault === undefined && weight === maxWeight);
  if (!isTouched || !isScaled) return state.weight;
  return Math.max(1, Math.round(median(others.map((other) => other.configuredWeight)) ?? state.weight));
}
