import type { Observation } from '../../../../shared/contract/observation.ts';
import { stretch } from './queueing.ts';
import { busiest } from './work.ts';

/** What is known of a bottleneck that the metrics do not show. */
export interface HiddenMemory {
  /** Natural logarithm of the cut for it, 0 or less. */
  readonly log: number;
  /** ln of how many more requests are in flight than CPU explains, smoothed, 0 or more; null: not known yet. */
  readonly excess: number | null;
  /** Ticks in a row in which it stood out. */
  readonly ticks: number;
  /** Whether CPU itself is full. */
  readonly full: boolean;
}

export interface HiddenSubject {
  readonly memory: HiddenMemory;
  readonly cores: number;
}

export interface HiddenOutcome {
  readonly memory: HiddenMemory;
  /** Whether more wait than CPU explains: its load says little. */
  readonly standsOut: boolean;
  /** The least excess of the others, which is no server's own. */
  readonly common: number;
}

const smoothingGain = 0.5;
/** So many times more in flight than elsewhere are a bottleneck, and so many none. */
const standsOutFrom = Math.log(2);
const endsAt = Math.log(1.4);
/** Fewer in flight are no queue. */
const leastInFlight = 1;
/** Most that one tick says. */
const mostExcess = 2;
/** From here on CPU itself explains any queue. */
const full = 0.9;
const cutAfterTicks = 2;
const cutGain = 0.6;
const relaxGain = 0.05;
/** The same while a server that is not cut is full: it cannot take more of the work. */
const relaxFastGain = 0.3;
const leastLog = -3;

/** One more tick. What is not known now does not change. */
export function smoothed(before: HiddenMemory, observation: Observation): HiddenMemory {
  const { agent, traffic, flow, elsewhere } = observation;
  const utilisation = agent.state === 'fresh' ? busiest(agent.utilisation) : null;
  if (agent.state === 'stale' || utilisation === null || traffic === null) return before;
  const inFlight = (flow?.inFlightMean ?? observation.inFlight) + (elsewhere?.inFlight ?? 0);
  const excess = excessOf(inFlight, utilisation, agent.effectiveCores);
  const old = before.excess ?? excess;
  return { ...before, excess: old + smoothingGain * (excess - old), full: utilisation >= full };
}

/**
 * By Little's law, requests in flight for each busy core are the stretch of a response: how much longer it takes than its work.
 * What queueing for CPU does not explain of it is waiting for something else.
 */
function excessOf(inFlight: number, utilisation: number, cores: number): number {
  if (inFlight < leastInFlight || utilisation >= full) return 0;
  const known = Math.max(0.005, utilisation);
  const expected = known * cores * stretch(known, cores);
  return Math.min(mostExcess, Math.max(0, Math.log(inFlight / expected)));
}

/**
 * Servers on which more requests wait than their CPU explains: a single thread on four cores, a disk, CPU that shows half of a
 * slow-down. Compared with the other servers: what they all wait for (a database) is no server's bottleneck. The cut is an
 * integral, so that it holds once the queue is gone.
 */
export function hiddenBottlenecks(subjects: readonly HiddenSubject[]): HiddenOutcome[] {
  const known = subjects.flatMap(({ memory }) => memory.excess ?? []).sort((a, b) => a - b);
  const isFull = subjects.some(({ memory }) => memory.full && memory.log === 0);
  const gain = isFull ? relaxFastGain : relaxGain;
  return subjects.map(({ memory }) => {
    const { excess, log } = memory;
    // the least of the others
    const [common = null] = excess !== null && excess === known[0] ? known.slice(1) : known;
    if (excess === null || common === null) {
      return { memory: { ...memory, ticks: 0 }, standsOut: false, common: common ?? 0 };
    }
    const over = isFull && log < 0 ? Math.min(0, excess - common - standsOutFrom) : excess - common - standsOutFrom;
    const ticks = over > 0 ? memory.ticks + 1 : 0;
    const next = ticks >= cutAfterTicks ? log - cutGain * Math.min(1, over) : log;
    const relaxed = excess - common < endsAt ? Math.min(0, log + gain) : next;
    return { memory: { ...memory, log: Math.max(leastLog, relaxed), ticks }, standsOut: over > 0, common };
  });
}
