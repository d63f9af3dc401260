import type { Observation, Utilisations } from '../../../../shared/contract/observation.ts';

/** What a server did in a stretch of ticks, and what it took. */
export interface Work {
  /** Successful requests. */
  readonly requests: number;
  readonly busyCoreSeconds: number;
  /** Length of the stretch times the cores. */
  readonly coreSeconds: number;
  readonly seconds: number;
}

/** One measurement of a server's speed: ln of requests a busy core-second, less what all servers have in common. */
export interface Stretch {
  readonly log: number;
  /** Of chance alone. */
  readonly variance: number;
}

export const noWork: Work = { requests: 0, busyCoreSeconds: 0, coreSeconds: 0, seconds: 0 };

/** A lower utilisation is mostly noise. */
const minUtilisation = 0.005;
/** Standard deviation of a measured utilisation, and of what a server does without requests. */
const utilisationNoise = 0.02;
/** Below this the same work without requests is in every measurement, so that many of them say little more than one. */
const littleUtilisation = 0.1;
/** Enough to judge: fewer requests are waited for, but not for longer than some ticks. */
const enoughRequests = 10;
const longestSeconds = 10;
/** After its return a server's requests grow faster than its agent's average shows. */
const settlingMs = 4_000;

/**
 * Adds this tick. A tick without a success counts where requests are under way: their work is being done, and leaving it out
 * would make a server of slow requests look larger. A tick without any request says nothing.
 */
export function addWork(before: Work, observation: Observation, elapsedMs: number): Work {
  const { agent, traffic, elsewhere, flow, inFlight } = observation;
  const utilisation = agent.state === 'fresh' ? busiest(agent.utilisation) : null;
  if (agent.state === 'stale' || utilisation === null || traffic === null) return before;
  if (isGrowing(observation, elapsedMs)) return before;
  const requests = traffic.ok + (elsewhere?.ok ?? 0);
  const underWay = inFlight + (elsewhere?.inFlight ?? 0) + (flow?.started ?? 0) + (elsewhere?.started ?? 0);
  if (requests + underWay === 0) return before;
  const seconds = elapsedMs / 1_000;
  const coreSeconds = seconds * agent.effectiveCores;
  return {
    requests: before.requests + requests,
    busyCoreSeconds: before.busyCoreSeconds + Math.max(minUtilisation, utilisation) * coreSeconds,
    coreSeconds: before.coreSeconds + coreSeconds,
    seconds: before.seconds + seconds,
  };
}

/** Whether its requests have just begun to grow, so that its load is less than they make of it. */
export function isGrowing({ upForMs, fast }: Observation, elapsedMs: number): boolean {
  const justUp = upForMs !== null && upForMs <= elapsedMs + settlingMs;
  return justUp || fast.breaker !== 'closed' || fast.ramp < 1;
}

/**
 * The measurement that this work is, its common part included; null: too little. `variation` is the squared coefficient of
 * variation of one request's work, so chance alone has the variance variation / requests.
 */
export function stretchOf(work: Work, variation: number): Stretch | null {
  const { requests, busyCoreSeconds, coreSeconds, seconds } = work;
  const enough = requests >= enoughRequests || (requests >= 1 && seconds >= longestSeconds);
  if (!enough) return null;
  const utilisation = busyCoreSeconds / coreSeconds;
  const other = (utilisationNoise / utilisation) ** 2 * (1 + (littleUtilisation / utilisation) ** 2);
  return { log: Math.log(requests / busyCoreSeconds), variance: variation / requests + other };
}

/** Of cpu and bandwidth the one nearer to its limit: they follow the traffic. Without cpu nothing can be said. */
export function busiest({ cpu, bandwidth }: Utilisations): number | null {
  return cpu === null ? null : Math.min(1, Math.max(cpu, bandwidth ?? 0));
}
