import { median } from '../../shared/math/statistics.ts';
import { count, spacedPercent } from '../../shared/terminal/format.ts';
import type { Check } from '../support/check.ts';
import { driftCheck } from './drift-check.ts';
import { requestChecks } from './request-checks.ts';
import { clockChecks, memoryChecks, sizeChecks } from './resource-checks.ts';
import type { Soak } from './result.ts';
import type { Sample } from './sample.ts';

/** In a sample this busy, or with requests sent this late, the machine is overloaded; this part of the samples may be so. */
const [busy, lateMs, busyPart] = [0.9, 100, 0.1];

/** Every promise with what was measured. A run that was ended early is judged as far as possible. */
export function verdictOf(soak: Soak): readonly Check[] {
  const byTheClock = [...clockChecks(soak), driftCheck(soak)];
  return [
    ...requestChecks(soak),
    ...memoryChecks(soak),
    ...(isTooBusy(soak.samples) ? byTheClock.map(excused) : byTheClock),
    ...sizeChecks(soak),
  ];
}

/** Whether the machine was too busy for a valid measurement. */
export function isTooBusy(samples: readonly Sample[]): boolean {
  const bad = samples.filter(({ machineBusy, sentLateMs }) => machineBusy > busy || sentLateMs > lateMs).length;
  return bad > samples.length * busyPart;
}

/** What was run, in a sentence. */
export function summaryOf({ samples, done }: Soak): string {
  const last = samples.at(-1);
  const middle = (of: (sample: Sample) => number | null) =>
    median(samples.map(of).filter((value) => value !== null)) ?? Number.NaN;
  const requests = samples.reduce((sum, sample) => sum + sample.requests, 0);
  const reloads = done.filter(({ fault }) => fault === 'reload').length;
  const parts = [
    `${((last?.atMs ?? 0) / 60_000).toFixed(1)} minutes`,
    `${count(requests)} requests (p99 of two seconds, median: ${middle(({ p99Ms }) => p99Ms).toFixed(0)} ms)`,
    `${count(last?.ticks ?? 0)} ticks`,
    `${count(last?.weightsWritten ?? 0)} weights written`,
    `${count(reloads)} reloads`,
    `${count(done.length - reloads)} other faults and recoveries`,
    `${spacedPercent(
      middle(({ machineBusy }) => machineBusy),
      1,
    )} of the machine's CPU time in use`,
  ];
  return `${parts.join(', ')}.`;
}

/** A failed check is not judged: the busy machine may be the cause. */
function excused(check: Check): Check {
  return check.verdict === 'failed' ? { ...check, verdict: 'not judged' } : check;
}
