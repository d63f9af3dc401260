import { exponential, lognormal, type Random, seededRandom } from '../../../shared/math/random.ts';

/** A GET that is to be sent at a time, in ms from the start of the load. */
export interface Request {
  readonly atMs: number;
  readonly path: string;
}

/** One request of a plan: when it is to be sent, and how much CPU it needs of its server. */
export interface Arrival {
  readonly atMs: number;
  readonly demandCpuMs: number;
}

/** A Poisson process whose rate may change. */
export interface ArrivalPlan {
  readonly seed: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Requests per second; of a rate that changes, the highest. */
  readonly perSecond: number;
  /** The rate at a time as a part of the highest, 0 to 1; a constant rate has none. */
  readonly partAt?: (atMs: number) => number;
  /** CPU that a request needs, in ms: lognormal with this mean and coefficient of variation. */
  readonly meanDemandCpuMs: number;
  readonly demandVariation: number;
}

/**
 * The same plan always gives the same requests. A rate that changes is got by thinning (Lewis and Shedler, 1979): drawn at
 * the highest rate, and each arrival kept with the probability rate / highest rate.
 */
export function planArrivals(plan: ArrivalPlan): readonly Arrival[] {
  const { fromMs, toMs, perSecond, partAt, meanDemandCpuMs, demandVariation } = plan;
  const random = seededRandom(plan.seed);
  const arrivals: Arrival[] = [];
  for (const atMs of poissonTimes(random, perSecond, fromMs)) {
    if (atMs >= toMs) break;
    const demandCpuMs = lognormal(random, meanDemandCpuMs, demandVariation);
    if (partAt === undefined || random() < partAt(atMs)) arrivals.push({ atMs, demandCpuMs });
  }
  return arrivals;
}

/** Where an application server burns this much CPU for a request. */
export function workPath(demandCpuMs: number): string {
  return `/work?cpuMs=${demandCpuMs.toFixed(3)}`;
}

/** Times in ms with exponential gaps, without end. */
export function* poissonTimes(random: Random, perSecond: number, fromMs = 0): Generator<number, never> {
  const meanGapMs = 1_000 / perSecond;
  for (let atMs = fromMs; ; ) {
    atMs += exponential(random, meanGapMs);
    yield atMs;
  }
}

/** Times in ms with equal gaps, from 0, without end. */
export function* steadyTimes(perSecond: number): Generator<number, never> {
  for (let sent = 0; ; sent += 1) yield (sent / perSecond) * 1_000;
}

/** The same request at each of these times. */
export function* requestsAt(times: Iterable<number>, path: string): Generator<Request> {
  for (const atMs of times) yield { atMs, path };
}
