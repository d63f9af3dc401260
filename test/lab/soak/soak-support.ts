import type { Done, TroubleAt } from '../../../lab/soak/explain.ts';
import type { Soak } from '../../../lab/soak/result.ts';
import type { ProcessSample, Sample } from '../../../lab/soak/sample.ts';
import { cycleSeconds, quietFromSeconds, steps } from '../../../lab/soak/schedule.ts';

const sampleSeconds = 2;

export interface Made {
  readonly minutes: number;
  /** What differs from a run in which all is well, by the sample's number of its cycle and its time in hours. */
  readonly change?: (sample: Sample, hours: number) => Partial<Sample>;
  readonly troubles?: readonly TroubleAt[];
  readonly scrapes?: Soak['scrapes'];
  readonly notCaused?: readonly string[];
}

export const process: ProcessSample = { pid: 1, residentMiB: 100, cpuMs: 0, descriptors: 30, liveMiB: null };

/** A soak in which all is well, but for what is asked. */
export function soakOf({ minutes, change = () => ({}), ...rest }: Made): Soak {
  const count = (minutes * 60) / sampleSeconds;
  const samples = Array.from({ length: count }, (_, index): Sample => {
    const seconds = index * sampleSeconds;
    const inCycle = seconds % cycleSeconds;
    const sample = goodSample(seconds, inCycle);
    return { ...sample, ...change(sample, seconds / 3_600) };
  });
  const done = Array.from({ length: Math.floor(minutes) }, (_, cycle) =>
    steps.map(({ atSeconds, fault, server }): Done => {
      const startMs = (cycle * cycleSeconds + atSeconds) * 1_000;
      return { fault, server, startMs, endMs: startMs + 50 };
    }),
  ).flat();
  const limits = { recordingBytes: 400_000, deadband: 0.02 };
  return { samples, done, troubles: [], scrapes: { count: 100, failed: 0 }, notCaused: [], ...limits, ...rest };
}

function goodSample(seconds: number, inCycle: number): Sample {
  const isLast = inCycle === cycleSeconds - sampleSeconds;
  const here = { ...process, cpuMs: seconds * 20, liveMiB: isLast ? 20 : null };
  return {
    atMs: seconds * 1_000,
    cycle: Math.floor(seconds / cycleSeconds),
    quiet: inCycle >= quietFromSeconds,
    controller: here,
    // that of s1 begins anew in every cycle
    agents: { s1: { ...here, pid: 100 + Math.floor(seconds / cycleSeconds) }, s5: here, s6: here },
    tickMs: 10,
    ticks: seconds,
    skippedTicks: 0,
    weightsWritten: seconds,
    recordedTicks: seconds + 1,
    lostTicks: 0,
    recordingBytes: 300_000,
    logBytes: seconds * 40,
    logLines: seconds,
    shares: { s1: 0.5, s5: 0.25, s6: 0.25 },
    requests: 300,
    failed: 0,
    p50Ms: 2,
    p99Ms: 10,
    sentLateMs: 3,
    machineBusy: 0.4,
  };
}
