import type { Observation } from '../../../../shared/contract/observation.ts';

/** How RAM and threads of one server move with its requests in flight, and how much its CPU moves by chance. */
export interface FollowingMemory {
  readonly inFlight: number;
  readonly ram: number | null;
  readonly threads: number | null;
  readonly cpu: number;
  /** Smoothed squares of changes from tick to tick, and products with those of the requests in flight. */
  readonly inFlightSquare: number;
  readonly ramProduct: number;
  readonly threadsProduct: number;
  readonly cpuSquare: number;
}

const gain = 0.05;
/** Squared standard deviation of a CPU measurement, until it is known. */
const usualCpuSquare = 2 * 0.03 ** 2;

/** One more tick; null where there is nothing to compare. */
export function following(before: FollowingMemory | null, observation: Observation): FollowingMemory | null {
  const { agent, flow } = observation;
  if (agent.state === 'stale' || agent.utilisation.cpu === null) return before;
  const { ram, threads, cpu } = agent.utilisation;
  const inFlight = flow?.inFlightMean ?? observation.inFlight;
  const now = { inFlight, ram, threads, cpu };
  if (before === null) {
    return { ...now, inFlightSquare: 0, ramProduct: 0, threadsProduct: 0, cpuSquare: usualCpuSquare };
  }
  const more = inFlight - before.inFlight;
  const smooth = (old: number, value: number) => old + gain * (value - old);
  return {
    ...now,
    inFlightSquare: smooth(before.inFlightSquare, more ** 2),
    ramProduct: smooth(before.ramProduct, more * change(ram, before.ram)),
    threadsProduct: smooth(before.threadsProduct, more * change(threads, before.threads)),
    cpuSquare: smooth(before.cpuSquare, (cpu - before.cpu) ** 2),
  };
}

/** The part of RAM and of threads that follows the requests in flight, 0 to the whole: the rest is at rest and no load. */
export function followingParts(memory: FollowingMemory): { readonly ram: number; readonly threads: number } {
  const { inFlight, inFlightSquare } = memory;
  const part = (product: number, whole: number | null) => {
    if (inFlightSquare <= 0) return 0;
    return Math.min(whole ?? 0, Math.max(0, (product / inFlightSquare) * inFlight));
  };
  return { ram: part(memory.ramProduct, memory.ram), threads: part(memory.threadsProduct, memory.threads) };
}

function change(now: number | null, before: number | null): number {
  return now === null || before === null ? 0 : now - before;
}
