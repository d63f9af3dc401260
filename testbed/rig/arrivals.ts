import { exponential, lognormal, seededRandom } from '../../shared/math/random.ts';
import type { DemoSettings } from '../demo/settings.ts';

/** One request of the plan: when it is to be sent, from the start of the phase, and how much CPU it needs. */
export interface Arrival {
  readonly atMs: number;
  readonly demandCpuMs: number;
}

export type LoadShape = Pick<
  DemoSettings,
  'seed' | 'phaseSeconds' | 'requestsPerSecond' | 'meanDemandCpuMs' | 'demandVariation'
>;

/** The requests of a phase: a Poisson process. The same settings give the same plan, so both phases get one load. */
export function planArrivals(shape: LoadShape): readonly Arrival[] {
  const random = seededRandom(shape.seed);
  const meanGapMs = 1_000 / shape.requestsPerSecond;
  const arrivals: Arrival[] = [];
  for (let atMs = 0; ; ) {
    atMs += exponential(random, meanGapMs);
    if (atMs >= shape.phaseSeconds * 1_000) return arrivals;
    arrivals.push({ atMs, demandCpuMs: lognormal(random, shape.meanDemandCpuMs, shape.demandVariation) });
  }
}
