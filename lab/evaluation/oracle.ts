import type { WeightChange } from '../../haproxy/runtime-api.ts';
import { maxWeight } from '../../shared/contract/limits.ts';
import type { Event } from './scenarios.ts';

/** The part of a server's capacity that is left for requests under the current faults, 0 to 1. */
export function capacityLeft(server: string, events: readonly Event[], atMs: number): number {
  const now = events.filter(({ fromMs, toMs, servers }) => fromMs <= atMs && atMs < toMs && servers.includes(server));
  return now.reduce((left, { fault }) => {
    // the application and each burning process get equal parts of the quota; who waits needs no CPU
    if (fault.kind === 'burn') return left / (fault.processes + 1);
    return fault.kind === 'waiting' ? left : 0;
  }, 1);
}

/** Weights of a controller that always knows every capacity: in proportion to the capacities, the largest is 256. */
export function oracleWeights(
  servers: readonly { readonly name: string; readonly capacity: number }[],
  events: readonly Event[],
  atMs: number,
): readonly WeightChange[] {
  const left = servers.map(({ name, capacity }) => ({ name, left: capacity * capacityLeft(name, events, atMs) }));
  const most = Math.max(...left.map((each) => each.left));
  return left.map((each) => ({ server: each.name, weight: scaled(each.left / most) }));
}

function scaled(share: number): number {
  return share === 0 ? 0 : Math.max(1, Math.round(share * maxWeight));
}
