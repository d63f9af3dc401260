import type { Observation } from '../../../../shared/contract/observation.ts';
import { relaxation, stretch } from './queueing.ts';
import { busiest } from './work.ts';

/** What is known of a bottleneck that the metrics do not show. */
export interface HiddenMemory {
  /** Natural logarithm of the cut for it, 0 or less: the part of its cores that the server can use. */
  readonly log: number;
  /** What it does, smoothed; null: not known. */
  readonly use: Use | null;
  /** Ticks in a row in which it stood out. */
  readonly ticks: number;
}

export const nothingHidden: HiddenMemory = { log: 0, use: null, ticks: 0 };

interface Use {
  /** Requests in flight. */
  readonly inFlight: number;
  /** Cores that are busy. */
  readonly busy: number;
  /** Requests a tick. */
  readonly requests: number;
  /** Ticks in these means. */
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
  /** How many times more are in flight than CPU, and what all servers wait for, explain. */
  readonly times: number;
}

/** Most ticks in a mean. */
const mostTicks = 6;
/** So many times more in flight than explained are a bottleneck ... */
const standsOutFrom = 1.5;
/** ... as far as chance does not make as much of a queue: standard deviations of its own, and of the others'. */
const ownDeviations = 3;
const othersDeviations = 2;
const cutAfterTicks = 2;
/** Fewer in flight are no queue. */
const leastInFlight = 1;
/** With fewer expected in flight, none says nothing: there is hardly any work. */
const leastExpected = 0.2;
/** From here on CPU itself explains any queue. */
const full = 0.9;
/** No mean queue is expected to be longer than at this utilisation. */
const mostUtilisation = 0.95;
/** Share of the way, as a logarithm, in a tick; a step is at most this. */
const gain = 0.2;
const mostStep = 0.3;
const leastLog = -3;

/** `coreTicks`: what a request takes, in ticks of a core, as far as it is known; null: it is not. */
export interface Expected {
  readonly cores: number | null;
  readonly coreTicks: number | null;
}

/** One more tick. What is not known now does not change. A queue at full CPU says nothing, and is not counted. */
export function smoothed(before: HiddenMemory, observation: Observation, expected: Expected): HiddenMemory {
  const { traffic, flow, elsewhere } = observation;
  if (traffic === null) return before;
  const requests = traffic.ok + (elsewhere?.ok ?? 0);
  const load = loadOf(observation, requests, expected);
  if (load === null) return before;
  if (load.utilisation >= full) return { ...before, use: null };
  const now = {
    inFlight: (flow?.inFlightMean ?? observation.inFlight) + (elsewhere?.inFlight ?? 0),
    busy: Math.max(0.005, load.utilisation) * load.cores,
    requests,
  };
  const old = before.use ?? { ...now, ticks: 0 };
  const ticks = Math.min(mostTicks, old.ticks + 1);
  // a mean over so many ticks: its variance is that of one, over their number
  const gain = ticks < mostTicks ? 1 / ticks : 2 / (mostTicks + 1);
  const smooth = (was: number, is: number) => was + gain * (is - was);
  const use = {
    inFlight: smooth(old.inFlight, now.inFlight),
    busy: smooth(old.busy, now.busy),
    requests: smooth(old.requests, now.requests),
    ticks,
  };
  return { ...before, use };
}

/** From the agent; while it is silent, from HAProxy's counters and what its requests took before. */
function loadOf({ agent }: Observation, requests: number, { cores, coreTicks }: Expected) {
  if (agent.state === 'fresh') {
    const utilisation = busiest(agent.utilisation);
    return utilisation === null ? null : { utilisation, cores: agent.effectiveCores };
  }
  return cores === null || coreTicks === null ? null : { utilisation: (requests * coreTicks) / cores, cores };
}

/**
 * Servers on which more requests wait than their CPU explains: a single thread on four cores, a disk, CPU that shows half of a
 * slow-down. By Little's law the mean number in flight says how long a request takes. What a server of these cores would need for
 * its work is subtracted, and what the requests of every server wait for beside it (a database). The cut is the part of
 * the cores with which the queue is explained; so it stays where the queue is gone for it. `variation`: the squared coefficient of
 * variation of one request's work.
 */
export function hiddenBottlenecks(subjects: readonly HiddenSubject[], variation: number): HiddenOutcome[] {
  const leastWait = leastOfOthers(subjects.map((each) => waitOf(each)));
  const mostWait = leastOfOthers(subjects.map((each) => waitOf(each, othersDeviations, variation)));
  return subjects.map(({ memory, cores }, index) => {
    const { use } = memory;
    const [wait, most] = [leastWait(index), mostWait(index)];
    if (use === null || wait === null || most === null) {
      return { memory: { ...memory, ticks: 0 }, standsOut: false, times: 1 };
    }
    const usable = explained(use, cores * Math.exp(memory.log));
    const waiting = wait * use.requests;
    const times = use.inFlight / (usable + waiting);
    // the less there is to do, the more one core and all of them look alike
    const told = (explained(use, cores) + waiting) / (usable + waiting);
    const mostExpected = usable + most * use.requests;
    const enough = Math.max(standsOutFrom, 1 + ownDeviations * chanceOf(use, mostExpected, variation));
    const standsOut = use.inFlight >= leastInFlight && use.inFlight > enough * mostExpected;
    const ticks = standsOut ? memory.ticks + 1 : 0;
    const isCut = memory.log < 0 || ticks >= cutAfterTicks;
    const isSeen = use.inFlight >= leastInFlight || (times < 1 && usable + waiting >= leastExpected);
    const step = isCut && isSeen ? stepFor(Math.log(Math.max(told, times)), chanceOf(use, use.inFlight, variation)) : 0;
    // it can do what it does
    const least = Math.max(leastLog, Math.min(memory.log, Math.log(use.busy / cores)));
    const log = Math.min(0, Math.max(least, memory.log + step));
    return { memory: { ...memory, log, ticks }, standsOut, times };
  });
}

/** The least value of the other servers; null: there is none. */
function leastOfOthers(values: readonly (number | null)[]): (index: number) => number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const [least = null, next = null] = sorted;
  return (index) => (values[index] === least ? next : least);
}

/** A step towards what explains the queue: the less, the more of the distance may be chance. */
function stepFor(distance: number, chance: number): number {
  const step = (-gain * distance * Math.abs(distance)) / (Math.abs(distance) + chance);
  return Math.max(-mostStep, Math.min(mostStep, step));
}

/** Requests in flight if these cores are all that they wait for. */
function explained({ busy }: Use, cores: number): number {
  return busy * stretch(Math.min(mostUtilisation, busy / cores), cores);
}

/** Ticks that a request waits for something else, 0 or more, and with so many standard deviations more; null: not known. */
function waitOf({ memory: { use, log }, cores }: HiddenSubject, deviations = 0, variation = 0): number | null {
  if (use === null || use.requests === 0) return null;
  const most = use.inFlight * (1 + deviations * chanceOf(use, use.inFlight, variation));
  return Math.max(0, (most - explained(use, cores * Math.exp(log))) / use.requests);
}

/** Standard deviation of the mean number in flight by chance, over that mean, where so many are expected. */
function chanceOf({ busy, requests, ticks }: Use, expected: number, variation: number): number {
  const utilisation = Math.min(mostUtilisation, Math.max(0, 1 - busy / Math.max(1e-9, expected)));
  return Math.sqrt((relaxation(utilisation) * (1 + variation)) / Math.max(1, requests * ticks));
}
