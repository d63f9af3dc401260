import { type Arrival, planArrivals } from '../rig/load/arrivals.ts';

/** An application server of the demo: a VM that may use this many CPU cores. */
export interface DemoServer {
  readonly name: string;
  readonly cores: number;
}

/** What the demo runs. The same in both phases but for the controller. */
export interface DemoSettings {
  readonly servers: readonly DemoServer[];
  /** Mean of the requests per second; they arrive as a Poisson process. */
  readonly requestsPerSecond: number;
  /** CPU that a request needs, in ms: lognormal with this mean and coefficient of variation. */
  readonly meanDemandCpuMs: number;
  readonly demandVariation: number;
  /** A request that is not answered this long after its intended start has failed. */
  readonly deadlineMs: number;
  /** Requests on their way at once; one more has failed before it was sent. */
  readonly maxInFlight: number;
  /** The server that a noisy neighbour slows in the middle of each phase, and the share of its CPU that is lost. */
  readonly slowed: { readonly server: string; readonly lostShare: number };
  /** Weight that HAProxy's configuration gives every server. */
  readonly configuredWeight: number;
  readonly phaseSeconds: number;
  readonly seed: number;
  readonly policy: string;
}

/** Bounds of a phase, in seconds. The longest keeps the whole under two minutes; the shortest still has a slowdown. */
export const phaseSecondsBounds = { least: 4, default: 40, most: 50 } as const;

/**
 * Four unequal servers of 1.2 cores together, so that two cores have room for HAProxy, four agents, the controller and
 * the load. The load needs 56 % of them with the cost of HTTP (64 % of what is left after the slowdown): the pool can carry it, but a quarter
 * of it is 1.7 times what s1 can do.
 */
export const defaultSettings: Omit<DemoSettings, 'phaseSeconds' | 'seed' | 'policy'> = {
  servers: [
    { name: 's1', cores: 0.1 },
    { name: 's2', cores: 0.2 },
    { name: 's3', cores: 0.3 },
    { name: 's4', cores: 0.6 },
  ],
  requestsPerSecond: 100,
  meanDemandCpuMs: 6,
  demandVariation: 1,
  deadlineMs: 5_000,
  maxInFlight: 2_000,
  slowed: { server: 's3', lostShare: 0.5 },
  configuredWeight: 100,
};

/** The requests of a phase. The same settings give the same ones, so both phases get one load. */
export function arrivalsOf(settings: Omit<DemoSettings, 'policy'>): readonly Arrival[] {
  const { seed, phaseSeconds, requestsPerSecond: perSecond, meanDemandCpuMs, demandVariation } = settings;
  return planArrivals({ seed, fromMs: 0, toMs: phaseSeconds * 1_000, perSecond, meanDemandCpuMs, demandVariation });
}
