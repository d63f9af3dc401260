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

/** Longest pause between two pieces of work, in ms: what else the thread does must not starve its clients. */
const longestPauseMs = 20;

/**
 * When the next piece of work for a client is done, so that serving uses only its share of a core, whatever arrives. Clients
 * that are known come first. Normally a piece of work is done at once. Charged is what the thread uses in the passes of its
 * event loop in which work is done, because most of it comes later in the pass: a handshake, an answer, the sending.
 */
export class Turns {
  readonly #limits: CpuLimits;
  readonly #cpuMs: () => number;
  readonly #nowMs: () => number;
  readonly #known: (() => void)[] = [];
  readonly #strangers: (() => void)[] = [];
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
  take(isKnown: boolean, work: () => void): void {
    if (this.waiting === 0 && this.#credit() > 0) {
      this.#do(work);
      return;
    }
    (isKnown ? this.#known : this.#strangers).push(work);
    this.#goOnLater();
  }

  get waiting(): number {
    return this.#known.length + this.#strangers.length;
  }

  #do(work: () => void): void {
    if (this.#passFromMs === null) {
      this.#passFromMs = this.#cpuMs();
      setImmediate(() => this.#endPass());
    }
    work();
  }

  #endPass(): void {
    this.#creditMs = this.#credit();
    this.#passFromMs = null;
    if (this.waiting === 0) return;
    if (this.#creditMs > 0) this.#doNext();
    else this.#goOnLater();
  }

  #goOnLater(): void {
    if (this.#isPausing || this.#passFromMs !== null) return;
    this.#isPausing = true;
    const pauseMs = Math.min(longestPauseMs, Math.max(1, -this.#creditMs / this.#limits.share));
    setTimeout(() => {
      this.#isPausing = false;
      this.#doNext();
    }, pauseMs);
  }

  #doNext(): void {
    const work = this.#known.shift() ?? this.#strangers.shift();
    if (work !== undefined) this.#do(work);
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
