import { count } from '../../shared/terminal/format.ts';
import { type Check, check } from '../support/check.ts';
import { afterFirstCycle, afterWarmUp, perCycle, ratePerCycle } from './cycles.ts';
import type { Done } from './explain.ts';
import { hourlyFlatness } from './flatness.ts';
import type { Soak } from './result.ts';
import type { ProcessSample, Sample } from './sample.ts';
import { cycleSeconds } from './schedule.ts';
import type { Point } from './trend.ts';

/** 600 bytes per tick of one second: less than the state kept for one server. */
const liveMiBPerHour = 2;
/** V8 returns unused memory late, so resident memory varies. A real leak also shows in the memory in use. */
const residentMiBPerHour = 24;
/** A burst of garbage, such as reading all processes of a busy machine, makes V8's young generation tens of MiB larger. */
const residentMiBAtMost = 64;
/** One lost descriptor per cycle would be 60 per hour. */
const descriptorsPerHour = 10;
const tickMsPerHour = 5;
const cpuMsPerTickPerHour = 2;
/** Part of all ticks that may be skipped while no agent hangs. */
const skippedPart = 0.01;
/** How long a tick may still be late after a hanging agent continues, in ms. */
const hangoverMs = 2_000;
/** About a hundred lines: a controller logs little while nothing changes. */
const logBytesPerCycle = 64 * 1024;

type ProcessOf = (sample: Sample) => ProcessSample | null;

export function memoryChecks({ samples }: Soak): readonly Check[] {
  return groupsOf(samples).flatMap(({ name, processes }) => {
    const live = processes.map((of) => perCycle(afterWarmUp(samples), figure(of, 'liveMiB')));
    const descriptors = processes.map((of) => perCycle(samples, figure(of, 'descriptors')));
    const grown = Math.max(0, ...processes.map((of) => mostGrown(perCycle(samples, figure(of, 'residentMiB')))));
    return [
      hourlyFlatness({ name: `memory in use, ${name}`, series: live, bound: liveMiBPerHour, unit: ' MiB' }),
      hourlyFlatness({ name: `open descriptors, ${name}`, series: descriptors, bound: descriptorsPerHour, unit: '' }),
      check(
        `resident memory at its largest, ${name}`,
        grown <= residentMiBAtMost,
        `${grown.toFixed(0)} MiB more than in the first minute`,
        `at most ${residentMiBAtMost} MiB more`,
      ),
    ];
  });
}

/** All of these depend on how much CPU time the machine had left; V8 also collects garbage when it is idle. */
export function clockChecks({ samples, done }: Soak): readonly Check[] {
  const warm = afterFirstCycle(samples);
  const wall = perCycle(warm, ({ tickMs }) => tickMs);
  const cpu = ratePerCycle(warm, ({ controller, ticks }) => ({ value: controller.cpuMs, per: ticks }));
  const grown = (of: (sample: Sample) => number) => of(samples.at(-1) ?? noSample) - of(samples[0] ?? noSample);
  const ticks = grown((sample) => sample.ticks);
  const skipped = skippedUnexplained(samples, done);
  const resident = groupsOf(samples).map(({ name, processes }) => ({
    name: `resident memory, ${name}`,
    series: processes.map((of) => perCycle(afterWarmUp(samples), figure(of, 'residentMiB'))),
  }));
  return [
    ...resident.map((some) => hourlyFlatness({ ...some, bound: residentMiBPerHour, unit: ' MiB' })),
    hourlyFlatness({ name: 'duration of a tick', series: [wall], bound: tickMsPerHour, unit: ' ms' }),
    hourlyFlatness({
      name: "the controller's CPU time a tick",
      series: [cpu],
      bound: cpuMsPerTickPerHour,
      unit: ' ms',
    }),
    check(
      'ticks left out, without those while an agent hangs',
      skipped <= ticks * skippedPart,
      `${skipped} of ${count(ticks)} (${grown((sample) => sample.skippedTicks)} with those)`,
      `at most ${skippedPart * 100} %`,
    ),
  ];
}

export function sizeChecks({ samples, recordingBytes }: Soak): readonly Check[] {
  const { atMs, logBytes, recordedTicks, lostTicks } = samples.at(-1) ?? noSample;
  const largest = Math.max(0, ...samples.map((sample) => sample.recordingBytes));
  const perCycleBytes = logBytes / Math.max(1, atMs / (cycleSeconds * 1_000));
  return [
    check(
      'recording on disk',
      largest <= recordingBytes && recordedTicks > 0,
      `${count(recordedTicks)} ticks written, at most ${kib(largest)} there`,
      `at most ${kib(recordingBytes)}`,
    ),
    check('ticks that the recording lost', lostTicks === 0, count(lostTicks), '0'),
    check(
      'log of the controller',
      perCycleBytes <= logBytesPerCycle,
      `${kib(perCycleBytes)} a minute`,
      `at most ${kib(logBytesPerCycle)}`,
    ),
  ];
}

const noSample = { atMs: 0, ticks: 0, skippedTicks: 0, logBytes: 0, recordedTicks: 0, lostTicks: 0 } as Sample;

function groupsOf(samples: readonly Sample[]) {
  const agents = stableAgents(samples).map(
    (server): ProcessOf =>
      ({ agents: all }) =>
        all[server] ?? null,
  );
  return [
    { name: 'controller', processes: [({ controller }: Sample) => controller] as readonly ProcessOf[] },
    { name: `the worst of ${agents.length} agents that ran throughout`, processes: agents },
  ];
}

function figure(of: ProcessOf, key: 'liveMiB' | 'residentMiB' | 'descriptors'): (sample: Sample) => number | null {
  return (sample) => of(sample)?.[key] ?? null;
}

/** The largest value - the first one; 0 without values. */
function mostGrown(points: readonly Point[]): number {
  return Math.max(0, ...points.map(({ value }) => value - (points[0]?.value ?? 0)));
}

/** Processes that ran from the beginning to the end; the others are restarted in every cycle. */
function stableAgents(samples: readonly Sample[]): readonly string[] {
  const first = samples[0]?.agents ?? {};
  const isSame = (server: string) => samples.every(({ agents }) => agents[server]?.pid === first[server]?.pid);
  return Object.keys(first).filter(isSame);
}

/** A tick with a hanging agent may take as long as the agent's time limit, which is the period here. */
function skippedUnexplained(samples: readonly Sample[], done: readonly Done[]): number {
  const hangs = done
    .filter(({ fault }) => fault === 'agent stopped')
    .map(({ startMs, server }) => {
      const end = done.find((one) => one.fault === 'agent continued' && one.server === server && one.startMs > startMs);
      return { startMs, endMs: (end?.endMs ?? Number.POSITIVE_INFINITY) + hangoverMs };
    });
  return samples.slice(1).reduce((sum, sample, index) => {
    const before = samples[index] ?? sample;
    const isExplained = hangs.some(({ startMs, endMs }) => sample.atMs >= startMs && before.atMs <= endMs);
    return isExplained ? sum : sum + sample.skippedTicks - before.skippedTicks;
  }, 0);
}

function kib(bytes: number): string {
  return `${(bytes / 1_024).toFixed(0)} KiB`;
}
