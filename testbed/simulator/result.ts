import { mean, percentile, sum } from '../../shared/math/statistics.ts';
import type { FailureKind, Measures } from './measures.ts';

/** The first HAProxy right after one of its ticks. Arrays are in the order of the fleet. */
export interface TickSample {
  /** From the end of the warm-up; negative within it. */
  readonly atSeconds: number;
  readonly weights: readonly number[];
  /** Whether health checks have it in rotation. */
  readonly up: readonly boolean[];
  /** Since the sample before: busy of available core time; null for a server that was down all that time. */
  readonly utilisation: readonly (number | null)[];
  /** Current capacity of each server, in core-seconds of speed 1 per second. */
  readonly capacity: readonly number[];
  /** Since the sample before, at all HAProxys. */
  readonly requests: number;
  readonly failures: number;
}

export interface ServerResult {
  readonly name: string;
  /** Busy of available core time over what was measured; null for a server that was down all the time. */
  readonly utilisation: number | null;
  /** Requests at the server, waiting ones too: the mean over time. */
  readonly meanInFlight: number;
  /** Requests that it finished, also where the client no longer waited. */
  readonly completed: number;
}

/** What was measured of requests that arrived after the warm-up. Plain JSON. Times in ms. */
export interface SimulationResult {
  readonly requests: number;
  /** Answered by a server with success. */
  readonly answered: number;
  readonly failed: Readonly<Record<FailureKind, number>>;
  /** Still in flight when the run ended. */
  readonly inFlight: number;
  readonly retries: number;
  /** Waits in HAProxy's queue: how many, over all requests; mean over all requests, in ms (HAProxy's `qtime`). null without any. */
  readonly queue: { readonly share: number; readonly meanMs: number } | null;
  /** Of answers and time-outs (which count with the time-out); null without any. */
  readonly meanMs: number | null;
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  /** The same where every failure counts with the time-out, however quick it was; null without any request. */
  readonly charged: { readonly meanMs: number; readonly p99Ms: number } | null;
  /** Answered well within 1 s, of all requests, 0 to 1; null without any. */
  readonly withinSecond: number | null;
  readonly servers: readonly ServerResult[];
  /** Largest over mean of the servers' utilisations. */
  readonly maxOverMean: number | null;
  /** Sum over servers of how far shares moved per tick of the first HAProxy, 0 to 2: mean and largest. */
  readonly shareMovement: { readonly mean: number; readonly max: number };
  /** Ticks of any HAProxy that left every server that is up with weight 0. */
  readonly allZeroTicks: number;
  readonly ticks: number;
  readonly samples: readonly TickSample[];
}

export interface ResultParts {
  readonly measures: Measures;
  /** Requests that arrived after the warm-up and wait for their answer. */
  readonly inFlight: number;
  readonly servers: readonly ServerResult[];
  readonly samples: readonly TickSample[];
  readonly allZeroTicks: number;
  readonly ticks: number;
}

export function resultOf({ measures, inFlight, servers, samples, allZeroTicks, ticks }: ResultParts): SimulationResult {
  const times = measures.sortedTimes();
  const { requests, failures, retries, queue, timeoutMs } = measures;
  return {
    requests,
    answered: measures.answeredWell,
    failed: { ...failures },
    inFlight,
    retries,
    queue: requests === 0 ? null : { share: queue.requests / requests, meanMs: queue.sumMs / requests },
    meanMs: mean(times),
    p50Ms: percentile(times, 0.5),
    p90Ms: percentile(times, 0.9),
    p99Ms: percentile(times, 0.99),
    charged: charged(times, sum(Object.values(failures)) - failures.timeout - failures.queueTimeout, timeoutMs),
    withinSecond: requests === 0 ? null : measures.answeredWithinSecond / requests,
    servers,
    maxOverMean: maxOverMean(servers.map(({ utilisation }) => utilisation)),
    shareMovement: shareMovement(samples),
    allZeroTicks,
    ticks,
    samples,
  };
}

/** `quick`: how many failed otherwise than by a time-out. */
function charged(times: Float64Array, quick: number, timeoutMs: number): SimulationResult['charged'] {
  const all = times.length + quick;
  if (all === 0) return null;
  const rank = (0.99 * all) / Math.max(1, times.length);
  const p99Ms = rank <= 1 ? (percentile(times, rank) ?? timeoutMs) : timeoutMs;
  return { meanMs: (sum(times) + quick * timeoutMs) / all, p99Ms };
}

/** Failures of any kind, of all requests, 0 to 1; null without any. */
export function failedShare({ failed, requests }: Pick<SimulationResult, 'failed' | 'requests'>): number | null {
  return requests === 0 ? null : sum(Object.values(failed)) / requests;
}

/** Of the known utilisations; null if none is known or all are 0. */
export function maxOverMean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  const total = sum(known);
  return total === 0 ? null : (Math.max(...known) * known.length) / total;
}

/** Each server's share of new requests: its weight / the sum over the servers that are up. All 0 if the sum is 0. */
export function sharesOf({ weights, up }: Pick<TickSample, 'weights' | 'up'>): number[] {
  const effective = weights.map((weight, index) => (up[index] ? weight : 0));
  const total = sum(effective);
  return effective.map((weight) => (total === 0 ? 0 : weight / total));
}

function shareMovement(samples: readonly TickSample[]): { mean: number; max: number } {
  const moves = samples.flatMap((sample, index) => {
    const before = samples[index - 1];
    if (before === undefined || sample.atSeconds < 0) return [];
    const old = sharesOf(before);
    return [sharesOf(sample).reduce((sum, share, server) => sum + Math.abs(share - (old[server] ?? 0)), 0)];
  });
  return { mean: mean(moves) ?? 0, max: Math.max(0, ...moves) };
}
