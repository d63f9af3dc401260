import type { Random } from '../../../shared/math/random.ts';

/** A server's answer to a probe, in a client's pool. */
export interface Probe {
  readonly server: number;
  readonly receivedMs: number;
  readonly latencyMs: number;
  /** Requests in flight, and those that this client has sent there since. */
  rif: number;
  /** Requests that it may still decide. */
  usesLeft: number;
}

/** The paper's baseline. */
export const poolSize = 16;
export const probesPerRequest = 3;
const removedPerRequest = 1;
const maxAgeMs = 1_000;
/** Of the paper's reuse formula: how fast the pool is to grow beyond what is used up. */
const delta = 1;
/** Below this, the pool says too little, and a server is drawn. */
const leastProbes = 2;

/**
 * How many requests a probe may decide: max(1, (1 + delta) / ((1 - m/n) probes - removed)), m probes in the pool and n servers. With
 * few servers the pool cannot grow, and only age ends a probe.
 */
export function reuseBudget(servers: number): number {
  const growth = (1 - poolSize / servers) * probesPerRequest - removedPerRequest;
  return growth <= 0 ? Number.POSITIVE_INFINITY : Math.max(1, (1 + delta) / growth);
}

/** The hot-cold rule: of the probes whose RIF is not above `hotAbove` the fastest, or else the one with the fewest in flight. */
export function best(probes: readonly Probe[], hotAbove: number): Probe | null {
  const cold = probes.filter(({ rif }) => rif <= hotAbove);
  return cold.length > 0 ? least(cold, ({ latencyMs }) => latencyMs) : least(probes, ({ rif }) => rif);
}

/** The same rule the other way round: of the hot ones the fullest, or else the slowest. */
export function worst(probes: readonly Probe[], hotAbove: number): Probe | null {
  const hot = probes.filter(({ rif }) => rif > hotAbove);
  return hot.length > 0 ? least(hot, ({ rif }) => -rif) : least(probes, ({ latencyMs }) => -latencyMs);
}

function least(probes: readonly Probe[], key: (probe: Probe) => number): Probe | null {
  return probes.reduce<Probe | null>((first, each) => (first !== null && key(first) <= key(each) ? first : each), null);
}

/** One client's pool: at most one probe of a server, the newest. Oldest first. */
export class ProbePool {
  readonly #budget: number;
  readonly #random: Random;
  #probes: readonly Probe[] = [];
  #removesWorst = false;

  constructor(servers: number, random: Random) {
    this.#budget = reuseBudget(servers);
    this.#random = random;
  }

  add(probe: Omit<Probe, 'usesLeft'>): void {
    const others = this.#probes.filter(({ server }) => server !== probe.server);
    this.#probes = [...others, { ...probe, usesLeft: this.#uses() }].slice(-poolSize);
  }

  /** The server for a request, of those that `mayServe`, or null: too few are known. */
  take(hotAbove: number, nowMs: number, mayServe: (server: number) => boolean): number | null {
    this.#probes = this.#probes.filter(({ receivedMs }) => nowMs - receivedMs <= maxAgeMs);
    const usable = this.#probes.filter(({ server }) => mayServe(server));
    const chosen = usable.length < leastProbes ? null : best(usable, hotAbove);
    if (chosen !== null) {
      chosen.rif += 1;
      chosen.usesLeft -= 1;
    }
    const used = this.#probes.filter(({ usesLeft }) => usesLeft > 0);
    const [oldest = null] = used;
    const removed = this.#removesWorst ? worst(used, hotAbove) : oldest;
    this.#removesWorst = !this.#removesWorst;
    this.#probes = used.filter((each) => each !== removed);
    return chosen?.server ?? null;
  }

  /** A budget that is no whole number is rounded up or down at random, so that its mean is right. */
  #uses(): number {
    const whole = Math.floor(this.#budget);
    return whole === this.#budget ? whole : whole + (this.#random() < this.#budget - whole ? 1 : 0);
  }
}
