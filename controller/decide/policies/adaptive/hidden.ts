import type { Observation } from '../../../../shared/contract/observation.ts';
import { stretch } from './queueing.ts';
import { busiest } from './work.ts';

/** What is known of a bottleneck that the metrics do not show. */
export interface HiddenMemory {
  /** Natural logarithm of the cut for it, 0 or less. */
  readonly log: number;
  /** Smoothed requests in flight; null: not known yet. */
  readonly inFlight: number | null;
  /** Smoothed number of busy cores. */
  readonly busyCores: number;
  /** Ticks in a row in which it stood out. */
  readonly ticks: number;
}

export interface HiddenSubject {
  readonly memory: HiddenMemory;
  readonly cores: number;
}

export interface HiddenOutcome {
  readonly memory: HiddenMemory;
  /** Whether more wait than CPU explains: its load says little. */
  readonly standsOut: boolean;
  /** Requests in flight if CPU were all that they wait for, as much more as the others have. */
  readonly expected: number;
}

const smoothingGain = 0.4;
/** Three times as many in flight for each busy core as elsewhere: common waiting and chance are less. */
const margin = Math.log(3);
/** Fewer in flight are no queue. */
const leastInFlight = 2;
/** From here on CPU itself explains any queue. */
const full = 0.9;
const cutAfterTicks = 2;
const cutGain = 0.3;
const relaxing = 0.95;
const leastLog = -3;

/** One more tick of smoothing. What is not known now does not change. */
export function smoothed(before: HiddenMemory, observation: Observation): HiddenMemory {
  const { agent, traffic, flow, elsewhere } = observation;
  const utilisation = agent.state === 'fresh' ? busiest(agent.utilisation) : null;
  if (agent.state === 'stale' || utilisation === null || traffic === null) return before;
  const inFlight = (flow?.inFlightMean ?? observation.inFlight) + (elsewhere?.inFlight ?? 0);
  const busyCores = utilisation * agent.effectiveCores;
  if (before.inFlight === null) return { ...before, inFlight, busyCores };
  return {
    ...before,
    inFlight: before.inFlight + smoothingGain * (inFlight - before.inFlight),
    busyCores: before.busyCores + smoothingGain * (busyCores - before.busyCores),
  };
}

/**
 * Servers on which more requests wait than their CPU explains: a single thread on four cores, a disk, CPU that shows half of a
 * slow-down. By Little's law, requests in flight for each busy core are the stretch of a response. Compared with what queueing for CPU makes
 * of it, and with the other servers: what they all wait for (a database) is no server's bottleneck. The cut is an integral, so
 * that it holds once the queue is gone, and relaxes slowly.
 */
export function hiddenBottlenecks(subjects: readonly HiddenSubject[]): HiddenOutcome[] {
  const excesses = subjects.map(excessOf);
  const known = excesses.filter((excess) => excess !== null).sort((a, b) => a - b);
  return subjects.map(({ memory, cores }, index) => {
    const excess = excesses[index] ?? null;
    // the least of the others
    const [common = null] = excess !== null && excess === known[0] ? known.slice(1) : known;
    const expected = expectedOf(memory, cores) * Math.exp(common ?? 0);
    if (excess === null || common === null) return { memory: { ...memory, ticks: 0 }, standsOut: false, expected };
    const over = excess - common - margin;
    const standsOut = over > 0 && (memory.inFlight ?? 0) >= leastInFlight;
    const ticks = standsOut ? memory.ticks + 1 : 0;
    const cut = ticks >= cutAfterTicks ? cutGain * Math.min(1, over) : 0;
    const relaxed = memory.log * relaxing > -0.001 ? 0 : memory.log * relaxing;
    const log = standsOut ? Math.max(leastLog, memory.log - cut) : relaxed;
    return { memory: { ...memory, log, ticks }, standsOut, expected };
  });
}

/** ln of how many more are in flight than CPU explains, 0 or more; null: not known. */
function excessOf({ memory, cores }: HiddenSubject): number | null {
  const { inFlight, busyCores } = memory;
  if (inFlight === null || inFlight <= 0) return null;
  if (busyCores / cores >= full) return 0;
  return Math.max(0, Math.log(inFlight / expectedOf(memory, cores)));
}

function expectedOf({ busyCores }: HiddenMemory, cores: number): number {
  const utilisation = Math.min(full, Math.max(0.005, busyCores / cores));
  return Math.max(busyCores, 0.005 * cores) * stretch(utilisation, cores);
}
