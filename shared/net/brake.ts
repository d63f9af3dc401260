import { threadCpuMs } from './thread-cpu.ts';

/** Of a core, 0 to 1: what the thread may use while connections arrive one after the other. */
const share = 0.25;
/** Longest sleep, in ms: what else the thread does must be on time. */
const longestSleepMs = 20;
/** How many connections come between two looks: a look costs a system call. */
const lookEvery = 16;

/**
 * Slows down the accepting of connections. The kernel hands them over one after the other, and Node.js cannot be told to take
 * fewer: without this, an address whose connections are all dropped still takes more than half of a core from the application
 * on this machine. They wait in the kernel's queue while the thread sleeps.
 */
export class Brake {
  readonly #cpuMs: () => number;
  readonly #nowMs: () => number;
  readonly #sleep: (ms: number) => void;
  #connections = 0;
  #usedMs: number;
  #atMs: number;

  /** `cpuMs` tells what this thread has used, `nowMs` is a monotonic clock. */
  constructor(cpuMs = threadCpuMs, nowMs = () => performance.now(), sleep = sleepHere) {
    this.#cpuMs = cpuMs;
    this.#nowMs = nowMs;
    this.#sleep = sleep;
    this.#usedMs = cpuMs();
    this.#atMs = nowMs();
  }

  /** Sleeps where the last connections came so fast that the thread used more than its share. */
  connectionCame(): void {
    this.#connections += 1;
    if (this.#connections % lookEvery !== 0) return;
    const usedMs = this.#cpuMs();
    const tooEarlyMs = (usedMs - this.#usedMs) / share - (this.#nowMs() - this.#atMs);
    if (tooEarlyMs >= 1) this.#sleep(Math.min(longestSleepMs, tooEarlyMs));
    this.#usedMs = usedMs;
    this.#atMs = this.#nowMs();
  }
}

function sleepHere(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
