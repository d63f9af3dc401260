import { median } from '../../shared/math/statistics.ts';
import { spacedPercent } from '../../shared/terminal/format.ts';
import type { Check } from '../support/check.ts';
import { afterFirstCycle, hourMs, perCycle } from './cycles.ts';
import { flatness } from './flatness.ts';
import type { Soak } from './result.ts';

/**
 * Whether every server, in the quiet times, keeps the share of the traffic that it had at the beginning: the faults
 * have left no trace. A change within the deadband would not be written at all.
 */
export function driftCheck({ samples, deadband }: Soak): Check {
  const warm = afterFirstCycle(samples);
  const servers = Object.keys(samples[0]?.shares ?? {});
  const runMs = Math.max(1, (warm.at(-1)?.atMs ?? 0) - (warm[0]?.atMs ?? 0));
  const shares = servers.map((server) => perCycle(warm, (sample) => sample.shares[server] ?? null));
  const middles = shares.map((points) => median(points.map(({ value }) => value)) ?? 1);
  // the slope is per run instead of per hour, as a part of the share
  const series = shares.map((points, index) =>
    points.map(({ at, value }) => ({ at: (at * hourMs) / runMs, value: value / (middles[index] ?? 1) })),
  );
  return flatness({
    name: 'share of a server when all is quiet, the one that changed most',
    series,
    bound: deadband,
    boundText: `changes by at most ${spacedPercent(deadband, 1)} of itself in the run`,
    bothWays: true,
    show: (_, { slope, low, high }, index) =>
      `${servers[index]}: ${spacedPercent(middles[index] ?? 0, 1)}, changed by ${spacedPercent(slope, 1)} (95 %: ${spacedPercent(low, 1)} to ${spacedPercent(high, 1)})`,
  });
}
