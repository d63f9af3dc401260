/*
 * By hand: a thread serves what arrives as fast as it arrives, and Node.js has no share of a core for that. The work waits here
 * instead of in a sleeping thread, so that timers and signals are on time.
 */

import { threadCpuMs } from './thread-cpu.ts';

export interface CpuLimits {
  /** Of a core, 0 to 1. */
  readonly share: number;
  /** Of all of a core after a pause, in ms. */
  readonly burstMs: number;
}

type Work = () => void;

/** Whose work it is. */
export interface Owner {
  readonly address: string;
  /** Whether it has shown what is asked of clients. */
  readonly comesFirst: boolean;
  /** Then its work is dropped. */
  readonly isGone: boolean;
}

interface Waiting {
  readonly owner: Owner;
  readonly work: Work;
}

/** Addresses whose last turn is remembered. */
const mostAddresses = 1_024;
/** Longest pause between two pieces of work, in ms: what else the thread does must not starve its clients. */
const longestPauseMs = 20;

/**
 * When the next piece of work for a client is done, so that serving uses only its share of a core, whatever arrives. Clients
 * that have shown what is asked of them come first, then addresses that let all others have a turn since their last one, then one
 * address after the other, however many connections each has. Normally a piece of work is done at once.
 *
 * If work is done in a pass of the event loop, all that the thread uses in that pass is charged: the largest part, such as a
 * TLS handshake or an answer, comes later in it.
 */
export class Turns {
  readonly #limits: CpuLimits;
  readonly #cpuMs: () => number;
  readonly #nowMs: () => number;
  /** By address, in the order of their turns. */
  readonly #first = new Map<string, Waiting[]>();
  readonly #rested = new Map<string, Waiting[]>();
  readonly #others = new Map<string, Waiting[]>();
  /** The number of the last turn of an address, oldest first. */
  readonly #lastTurns = new Map<string, number>();
  #turn = 0;
  #creditMs: number;
  #atMs: number;
  /** What the thread had used before the first work of this pass; null: none was done. */
  #passFromMs: number | null = null;
  #isPausing = false;

  /** `cpuMs` tells what this thread has used, `nowMs` is a monotonic clock. */
  constructor(limits: CpuLimits, cpuMs = threadCpuMs, nowMs = () => performance.now()) {
    this.#limits = limits;
    this.#cpuMs = cpuMs;
    this.#nowMs = nowMs;
    this.#creditMs = limits.burstMs;
    this.#atMs = nowMs();
  }

  /** Does the work now or soon. */
  take(owner: Owner, work: Work): void {
    if (!this.#isAnyWaiting && this.#credit() > 0) {
      this.goOn(work);
      return;
    }
    queue(this.#queuesFor(owner), owner.address, [{ owner, work }]);
    this.#goOnLater();
  }

  /** Does at once, and charges, what follows from a turn. */
  goOn(work: Work): void {
    if (this.#passFromMs === null) {
      this.#passFromMs = this.#cpuMs();
      setImmediate(() => this.#endPass());
    }
    work();
  }

  get waiting(): number {
    return this.#all.flatMap((queues) => [...queues.values()].flat()).length;
  }

  get #all() {
    return [this.#first, this.#rested, this.#others] as const;
  }

  get #isAnyWaiting(): boolean {
    return this.#all.some(({ size }) => size > 0);
  }

  #endPass(): void {
    this.#creditMs = this.#credit();
    this.#passFromMs = null;
    if (this.#creditMs > 0) this.#doNext();
    else this.#goOnLater();
  }

  #goOnLater(): void {
    if (this.#isPausing || this.#passFromMs !== null || !this.#isAnyWaiting) return;
    this.#isPausing = true;
    const pauseMs = Math.min(longestPauseMs, Math.max(1, -this.#creditMs / this.#limits.share));
    setTimeout(() => {
      this.#isPausing = false;
      this.#doNext();
    }, pauseMs);
  }

  #doNext(): void {
    const next = nextOf(this.#first) ?? nextOf(this.#rested, this.#others) ?? nextOf(this.#others);
    if (next === null) return;
    const { address } = next.owner;
    this.#turn += 1;
    this.#lastTurns.delete(address);
    this.#lastTurns.set(address, this.#turn);
    const [oldest = address] = this.#lastTurns.keys();
    if (this.#lastTurns.size > mostAddresses) this.#lastTurns.delete(oldest);
    this.goOn(next.work);
  }

  #queuesFor({ address, comesFirst }: Owner): Map<string, Waiting[]> {
    if (comesFirst) return this.#first;
    const turnsSince = this.#turn - (this.#lastTurns.get(address) ?? Number.NEGATIVE_INFINITY);
    return turnsSince > this.#others.size ? this.#rested : this.#others;
  }

  /** What may be used now, in ms: less than nothing after much work, down to one burst. */
  #credit(): number {
    const { share, burstMs } = this.#limits;
    const atMs = this.#nowMs();
    this.#creditMs = Math.min(burstMs, this.#creditMs + (atMs - this.#atMs) * share);
    this.#atMs = atMs;
    const usedMs = this.#passFromMs === null ? 0 : this.#cpuMs() - this.#passFromMs;
    return Math.max(-burstMs, this.#creditMs - usedMs);
  }
}

function queue(queues: Map<string, Waiting[]>, address: string, more: readonly Waiting[]): void {
  const own = queues.get(address);
  if (own === undefined) queues.set(address, [...more]);
  else own.push(...more);
}

/** The oldest work of the first address. What else it has waits behind all others. */
function nextOf(queues: Map<string, Waiting[]>, later = queues): Waiting | null {
  for (const [address, waiting] of queues) {
    queues.delete(address);
    const [next, ...rest] = waiting.filter(({ owner }) => !owner.isGone);
    if (rest.length > 0) queue(later, address, rest);
    if (next !== undefined) return next;
  }
  return null;
}
