import { readdirSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultGuardSettings } from '../../controller/index.ts';
import type { Child } from '../../testbed/rig/child.ts';
import { requestsAt, steadyTimes, workPath } from '../../testbed/rig/load/arrivals.ts';
import { OpenLoop } from '../../testbed/rig/load/open-loop.ts';
import type { Outcome } from '../../testbed/rig/load/outcome.ts';
import { Tally } from '../../testbed/rig/load/tally.ts';
import type { Done, TroubleAt } from './explain.ts';
import { Fleet, members, recording } from './fleet.ts';
import { lookAt, MachineClock } from './machine.ts';
import type { Soak } from './result.ts';
import type { ProcessSample, Sample } from './sample.ts';
import { cycleSeconds, quietFromSeconds, steps } from './schedule.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly policy: string;
  readonly requestsPerSecond: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

const sampleMs = 2_000;
const scrapeMs = 1_000;
const deadlineMs = 10_000;
/** CPU that a request needs in its server, in ms. */
const demandCpuMs = 0.5;
/** Garbage is collected for the sample within this time before the end of a cycle, in ms. */
const collectWithinMs = sampleMs + 500;
const cycleMs = cycleSeconds * 1_000;

/** One soak from start to end: causes the faults and records what it measures. */
export class SoakRun {
  readonly #options: SoakOptions;
  readonly #fleet: Fleet;
  readonly #load: OpenLoop;
  readonly #machine = new MachineClock();
  readonly #startedMs = performance.now();
  readonly #samples: Sample[] = [];
  readonly #troubles: TroubleAt[] = [];
  readonly #done: Done[] = [];
  /** Of the requests that ended since the last look. */
  #tally = new Tally();
  readonly #notCaused: string[] = [];
  #scrapes = { count: 0, failed: 0 };
  #collectedCycle = -1;

  private constructor(options: SoakOptions, fleet: Fleet) {
    this.#options = options;
    this.#fleet = fleet;
    this.#load = new OpenLoop({
      targets: [{ host: '127.0.0.1', port: fleet.frontPort }],
      requests: requestsAt(steadyTimes(options.requestsPerSecond), workPath(demandCpuMs)),
      deadlineMs,
      onRetry: (outcome) => this.#note(outcome, true),
      onOutcome: (outcome) => {
        this.#tally.add(outcome);
        if (outcome.failure !== null) this.#note(outcome, false);
      },
    });
  }

  /** Runs for the given time, or until the signal. When it resolves, every started process has ended. */
  static async run(options: SoakOptions): Promise<Soak> {
    options.onProgress('starting HAProxy, six servers with their agents, and the controller ...');
    await using fleet = await Fleet.start(options.policy);
    return await new SoakRun(options, fleet).#run();
  }

  async #run(): Promise<Soak> {
    const failed = new AbortController();
    const time = AbortSignal.timeout(this.#options.minutes * 60_000);
    const end = AbortSignal.any([this.#options.signal, time, failed.signal]);
    const parts = [this.#cause(end), this.#every(sampleMs, end, () => this.#look()), this.#scrapeUntil(end)];
    try {
      await Promise.all(parts);
    } finally {
      // if one fails, the others end before their processes are stopped
      failed.abort();
      await Promise.allSettled(parts);
      await this.#load.stop();
    }
    return {
      samples: this.#samples,
      troubles: this.#troubles,
      done: this.#done,
      scrapes: this.#scrapes,
      notCaused: this.#notCaused,
      recordingBytes: recording.maxBytes * recording.files,
      deadband: defaultGuardSettings.deadband,
    };
  }

  #note(outcome: Outcome, retried: boolean): void {
    this.#troubles.push({ atMs: this.#nowMs, outcome, retried });
  }

  get #nowMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** The faults of every cycle, at their times. */
  async #cause(end: AbortSignal): Promise<void> {
    for (let cycle = 0; !end.aborted; cycle += 1) {
      for (const { atSeconds, fault, server } of steps) {
        await pause(cycle * cycleMs + atSeconds * 1_000 - this.#nowMs, end);
        if (end.aborted) return;
        const startMs = this.#nowMs;
        await this.#tolerate(`${fault} ${server ?? ''}`, this.#fleet.apply(fault, server));
        this.#done.push({ fault, server, startMs, endMs: this.#nowMs });
      }
      await pause((cycle + 1) * cycleMs - this.#nowMs, end);
    }
  }

  async #scrapeUntil(end: AbortSignal): Promise<void> {
    await this.#every(scrapeMs, end, async () => {
      for (const path of ['/metrics', '/v1/status']) {
        this.#scrapes.count += 1;
        await this.#fleet.stack.scrape(path).catch(() => {
          this.#scrapes.failed += 1;
        });
      }
    });
  }

  async #look(): Promise<void> {
    const atMs = this.#nowMs;
    const [cycle, inCycleMs] = [Math.floor(atMs / cycleMs), atMs % cycleMs];
    const quiet = inCycleMs >= quietFromSeconds * 1_000;
    const collects = inCycleMs >= cycleMs - collectWithinMs && cycle > this.#collectedCycle;
    if (collects) this.#collectedCycle = cycle;
    const status = await this.#fleet.stack.status().catch(() => null);
    const controller = await this.#process(this.#fleet.stack.controller, collects);
    if (controller === null || status === null) {
      this.#fleet.stack.controller.assertRunning();
      this.#notCaused.push('the controller did not answer');
      return;
    }
    const agents: Record<string, ProcessSample | null> = {};
    for (const { name } of members) agents[name] = await this.#process(this.#fleet.stack.agent(name), collects);
    const servers = status.backends[0]?.servers ?? [];
    const load = this.#tally;
    this.#tally = new Tally();
    this.#samples.push({
      atMs,
      cycle,
      quiet,
      controller,
      agents,
      tickMs: status.lastTickDurationMs,
      ticks: status.ticks,
      skippedTicks: status.skippedTicks,
      weightsWritten: status.weightsWritten,
      recordedTicks: status.recording?.ticks ?? 0,
      lostTicks: status.recording?.lostTicks ?? 0,
      recordingBytes: this.#recordedBytes(),
      logBytes: this.#fleet.logged.bytes,
      logLines: this.#fleet.logged.lines,
      shares: Object.fromEntries(servers.map(({ server, share }) => [server, share])),
      requests: load.requests,
      failed: load.failed,
      p50Ms: load.latencies.percentileMs(0.5),
      p99Ms: load.latencies.percentileMs(0.99),
      sentLateMs: load.maxLagMs,
      machineBusy: this.#machine.takeBusy(),
    });
    this.#tell();
  }

  async #process(child: Child, collects: boolean): Promise<ProcessSample | null> {
    // read resident memory before the collection: that is what a user would see
    const seen = lookAt(child, null);
    if (seen === null || !collects) return seen;
    const live = await this.#fleet.liveMemory(child);
    return live === null ? seen : { ...seen, liveMiB: (live.heapBytes + live.externalBytes) / 1024 ** 2 };
  }

  #recordedBytes(): number {
    const { folder } = this.#fleet;
    const files = readdirSync(folder).filter((name) => name.startsWith('recording.ndjson'));
    return files.reduce((sum, name) => sum + (statSync(`${folder}/${name}`, { throwIfNoEntry: false })?.size ?? 0), 0);
  }

  #tell(): void {
    const last = this.#samples.at(-1);
    if (last === undefined) return;
    const minutes = (last.atMs / 60_000).toFixed(1);
    const fault = this.#done.at(-1);
    const lastFault = fault === undefined ? '' : `, last: ${fault.fault} ${fault.server ?? ''}`;
    const failed = this.#samples.reduce((sum, sample) => sum + sample.failed, 0);
    this.#options.onProgress(
      `${minutes} of ${this.#options.minutes} min, ${last.controller.residentMiB.toFixed(0)} MiB, ` +
        `tick ${last.tickMs?.toFixed(0) ?? '-'} ms, ${failed} failed${lastFault}`,
    );
  }

  /** Repeats the work at this pace; work that takes longer delays the next. */
  async #every(ms: number, end: AbortSignal, act: () => Promise<void>): Promise<void> {
    for (let turn = 1; !end.aborted; turn += 1) {
      await act();
      await pause(turn * ms - this.#nowMs, end);
      turn = Math.max(turn, Math.floor(this.#nowMs / ms));
    }
  }

  /** A step that fails is reported in the verdict; the soak goes on. */
  async #tolerate(what: string, act: Promise<void>): Promise<void> {
    await act.catch((error: Error) => {
      this.#notCaused.push(`${what.trim()}: ${error.message}`);
    });
  }
}

async function pause(ms: number, end: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal: end }).catch(() => {});
}
