import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { type CpuAllowance, type CpuQuota, fullAllowance, settle, waitMs } from './cpu-quota.ts';

/** Iterations between two looks at the CPU clock: some microseconds. */
const spinIterations = 2_000;

/**
 * CPU time that this process has used, all threads, user and system, in ms. Exact to microseconds, whereas Linux
 * brings a single thread's figure (process.threadCpuUsage) up to date only every few milliseconds.
 */
export function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Burns CPU until the CPU clock says so; waiting for a core does not count. Returns the CPU-ms that it took. */
export function burn(cpuMs: number): number {
  const start = processCpuMs();
  let used = 0;
  for (let value = 1; used < cpuMs; used = processCpuMs() - start) {
    for (let i = 0; i < spinIterations; i++) value = Math.sqrt(value + i);
  }
  return used;
}

/** Holds work to a quota: `turn()` resolves when CPU may be used, and always lets the event loop go on in between. */
export class PacedCpu {
  readonly #usedCpuMs: () => number;
  #quota: CpuQuota;
  #allowance: CpuAllowance;
  #settledCpuMs: number;

  /** `usedCpuMs`: CPU-ms that count against the quota, since whenever. */
  constructor(quota: CpuQuota, usedCpuMs: () => number) {
    this.#usedCpuMs = usedCpuMs;
    this.#quota = quota;
    this.#allowance = fullAllowance(quota, performance.now());
    this.#settledCpuMs = usedCpuMs();
  }

  setQuota(quota: CpuQuota): void {
    this.#settle();
    this.#quota = quota;
  }

  async turn(): Promise<void> {
    await nextTurn();
    for (let delayMs = this.#settle(); delayMs > 0; delayMs = this.#settle()) await sleep(Math.ceil(delayMs));
  }

  #settle(): number {
    const usedCpuMs = this.#usedCpuMs();
    this.#allowance = settle(this.#allowance, this.#quota, performance.now(), usedCpuMs - this.#settledCpuMs);
    this.#settledCpuMs = usedCpuMs;
    return waitMs(this.#allowance, this.#quota);
  }
}
