import type { RatePiece } from './arrivals.ts';
import type { Experiment, ServerSpec } from './schema.ts';

/** Work per second that servers can do, in core-seconds of speed 1. */
export function capacityOf(servers: readonly Pick<ServerSpec, 'cores' | 'speed' | 'usableCores'>[]): number {
  return servers.reduce((sum, { cores, speed, usableCores = cores }) => sum + usableCores * speed, 0);
}

/** Requests per second, from the start of the warm-up: the base load, except where the scenario has another. */
export function ratesOf(experiment: Experiment): readonly RatePiece[] {
  const { fleet, demandMs, warmupSeconds, scenario, load, rate } = experiment;
  const fullRate = (capacityOf(fleet) / demandMs) * 1_000;
  const base = rate ?? (load ?? 0) * fullRate;
  const pieces: RatePiece[] = [{ fromMs: 0, requestsPerSecond: base }];
  const at = (seconds: number) => (warmupSeconds + seconds) * 1_000;
  for (const each of scenario.loads) {
    // if one load directly follows another, a piece of length 0 remains between them
    pieces.push({ fromMs: at(each.fromSeconds), requestsPerSecond: each.load * fullRate });
    pieces.push({ fromMs: at(each.untilSeconds), requestsPerSecond: base });
  }
  return pieces;
}
