import type { SimulatedHaproxy } from './haproxy.ts';
import type { Measures } from './measures.ts';
import type { ServerResult, TickSample } from './result.ts';
import type { Server } from './server.ts';
import type { Usage } from './usage.ts';

/** Samples the servers' utilisations and weights. */
export class TickSampler {
  readonly #servers: readonly Server[];
  readonly #measures: Measures;
  /** When the warm-up ends, in ms. */
  readonly #startMs: number;
  readonly samples: TickSample[] = [];
  #measuredFrom: readonly Usage[];
  #sampledFrom: readonly Usage[];
  #totals = { requests: 0, failures: 0 };

  constructor(servers: readonly Server[], measures: Measures, startMs: number) {
    this.#servers = servers;
    this.#measures = measures;
    this.#startMs = startMs;
    this.#measuredFrom = this.#usages(0);
    this.#sampledFrom = this.#measuredFrom;
  }

  startMeasuring(nowMs: number): void {
    this.#measuredFrom = this.#usages(nowMs);
  }

  /** Figures of each server since `startMeasuring`. */
  measured(nowMs: number): Omit<ServerResult, 'name'>[] {
    const utilisations = this.#since(this.#measuredFrom, nowMs);
    return this.#usages(nowMs).map((usage, index) => {
      const { presentMs, completed } = this.#measuredFrom[index] ?? { presentMs: 0, completed: 0 };
      return {
        utilisation: utilisations[index] ?? null,
        meanInFlight: (usage.presentMs - presentMs) / (nowMs - this.#startMs),
        completed: usage.completed - completed,
      };
    });
  }

  sample(haproxy: SimulatedHaproxy, nowMs: number): void {
    const { requests, failures } = this.#measures.totals;
    this.samples.push({
      atSeconds: (nowMs - this.#startMs) / 1_000,
      weights: haproxy.lines.map(({ weight }) => weight),
      up: haproxy.lines.map(({ up }) => up),
      utilisation: this.#since(this.#sampledFrom, nowMs),
      capacity: this.#servers.map(({ capacity }) => capacity),
      requests: requests - this.#totals.requests,
      failures: failures - this.#totals.failures,
    });
    this.#totals = { requests, failures };
    this.#sampledFrom = this.#usages(nowMs);
  }

  #usages(nowMs: number): readonly Usage[] {
    return this.#servers.map((server) => server.usage(nowMs));
  }

  #since(before: readonly Usage[], nowMs: number): (number | null)[] {
    return this.#usages(nowMs).map(({ busyMs, availableMs }, index) => {
      const there = availableMs - (before[index]?.availableMs ?? 0);
      return there === 0 ? null : (busyMs - (before[index]?.busyMs ?? 0)) / there;
    });
  }
}
