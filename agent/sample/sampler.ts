import type { Clock } from '../../shared/clock.ts';
import {
  type MetricName,
  type Metrics,
  metricNames,
  type Snapshot,
  snapshotVersion,
} from '../../shared/contract/snapshot.ts';
import type { SlowFact } from '../kernel/slow-fact.ts';
import type { EffectiveCores } from '../scope/effective-cores.ts';
import { describeTarget, type Target } from '../scope/target.ts';
import type { Registry } from './registry.ts';
import { SlidingWindow } from './sliding-window.ts';

export interface SamplerOptions {
  readonly target: Target;
  readonly registry: Registry;
  readonly cores: EffectiveCores;
  readonly clock: Clock;
  readonly windowMs: number;
  readonly host: string;
  /** The server's name in HAProxy, where it was given. */
  readonly server: string | null;
  /** What is said of the machine and of the scope; absent: nothing. */
  readonly facts?: SlowFact<Pick<Snapshot, 'machine' | 'machineCores' | 'warnings'>>;
}

/** What one sample came to, without its age: that grows until it is sent. */
export type Sample = Omit<Snapshot, 'ageMs'>;

/** Reads every metric once a sample, and says what it knows at any time. */
export class Sampler {
  readonly #options: SamplerOptions;
  #latest: Sample | null = null;
  #latestAtMs = 0;
  readonly #times: SlidingWindow<{ readonly atMs: number }>;
  #samples = 0;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#times = new SlidingWindow(options.windowMs);
  }

  /** The latest sample; null before the first. */
  get latest(): Sample | null {
    return this.#latest;
  }

  get samples(): number {
    return this.#samples;
  }

  get ageMs(): number {
    return Math.max(0, this.#options.clock.monotonicMs() - this.#latestAtMs);
  }

  /** How long each collector took, in ms. */
  durationMs(name: MetricName): number {
    return this.#options.registry[name].durationMs;
  }

  sample(): void {
    const { target, registry, clock, cores } = this.#options;
    const nowMs = clock.monotonicMs();
    const rootBefore = rootPid(target);
    const gone = target.kind === 'process' ? target.tree.refresh() : null;
    if (rootPid(target) !== rootBefore) cores.forget();
    for (const name of metricNames) {
      if (gone === null) registry[name].sample(nowMs);
      else registry[name].skip(gone);
    }
    this.#times.add({ atMs: nowMs });
    this.#samples += 1;
    this.#latestAtMs = nowMs;
    this.#latest = this.#describe(nowMs);
  }

  #describe(nowMs: number): Sample {
    const { target, registry, clock, cores, host, server, facts } = this.#options;
    const { cpu, ram, bandwidth, threads, tcpQueues, shortage } = registry;
    const metrics: Metrics = {
      cpu: cpu.current,
      ram: ram.current,
      bandwidth: bandwidth.current,
      threads: threads.current,
      tcpQueues: tcpQueues.current,
    };
    return {
      version: snapshotVersion,
      host,
      ...(server === null ? {} : { server }),
      scope: describeTarget(target),
      takenAtMs: Math.max(0, Math.round(clock.wallMs())),
      // Its whole length, but for the start.
      windowMs: nowMs - (this.#times.oldest?.atMs ?? nowMs),
      effectiveCores: cores.at(nowMs),
      ...shortage.at(nowMs),
      ...facts?.at(nowMs),
      metrics,
    };
  }
}

function rootPid(target: Target): number | null {
  return target.kind === 'process' ? target.tree.rootPid : null;
}
