import { mean, median, sum } from '../../../shared/math/statistics.ts';
import { hadTraffic } from './agent-of.ts';
import { inFlightOf, perCore } from './pace.ts';
import type { GuardState } from './state.ts';
import type { Entry } from './take-in.ts';

/** Work and capacity of one server, both in requests per second, or both in cores. */
export interface Strength {
  readonly does: number;
  /** What it can do, as far as that is learned. */
  readonly can: number;
  /** What a server of its size can do: more use of its cpu is not for its requests. Infinite where that is not known. */
  readonly should: number;
}

export const unknownStrength: Strength = { does: 0, can: 0, should: 0 };

export interface Demand {
  /** What all of the backend's servers are asked for, with the backlog that is to be worked off. */
  readonly total: number;
  readonly of: ReadonlyMap<string, Strength>;
  /** Whether all of this is in requests per second; else in cores. */
  readonly inRequests: boolean;
  /** Smoothed requests per second; null: not known. For the next tick. */
  readonly perSecond: number | null;
}

/** A backlog is to be worked off in this time, in seconds. */
const backlogSeconds = 5;
/** Share of the way to the new demand that is gone in a tick: a tick's requests are partly chance. */
const gain = 0.5;

/**
 * What the backend is asked for and what its servers can do. A server can do what the policy has learned, or else its cores
 * times what a core of the servers that are well does, or what its own does if that is less. Where nothing is known of requests,
 * cores that are busy are compared with cores. All of it is of this HAProxy: what others say of theirs is no part of it. Pure.
 */
export function demandOf(
  entries: readonly Entry[],
  { demand: before, isTold }: Pick<GuardState, 'demand' | 'isTold'>,
  elapsedMs: number,
): Demand {
  const usualCores = mean(entries.flatMap(({ memory }) => memory.effectiveCores ?? [])) ?? 1;
  const coresOf = ({ memory }: Entry) => memory.effectiveCores ?? usualCores;
  const level = levelOf(entries, coresOf);
  const counted = entries.flatMap((entry) => startedPerSecond(entry, elapsedMs) ?? []);
  const areCounted = entries.length > 0 && counted.length === entries.length;
  if (level === null || (!areCounted && before === null)) return inCores(entries, coresOf, before, isTold);
  const of = new Map(
    entries.map((entry) => [entry.observation.server, strengthOf(entry, coresOf(entry), level, elapsedMs)]),
  );
  const now = sum(counted) + sum(entries.map((entry) => backlogOf(entry, of))) / backlogSeconds;
  const smoothed = before === null ? now : before + gain * (now - before);
  const total = areCounted ? smoothed : (before ?? smoothed);
  return { total, of, inRequests: true, perSecond: total };
}

/** Whether more is asked for than all servers together can do: then what one is spared overloads the others. */
export function isBeyond({ total, of, inRequests }: Demand): boolean {
  return inRequests && total > sum([...of.values()].map(({ can }) => can));
}

/** Requests per second and core of the servers that are well. */
function levelOf(entries: readonly Entry[], coresOf: (entry: Entry) => number): number | null {
  const levels = (some: readonly Entry[]) =>
    some.flatMap((entry) => {
      const learned = entry.verdict.capacity ?? null;
      return learned === null ? (perCore(entry.memory.pace) ?? []) : learned / coresOf(entry);
    });
  const well = entries.filter(({ memory: { overTicks, drained }, observation: { agent } }) => {
    return overTicks === 0 && !drained && agent.state === 'fresh';
  });
  return median(levels(well)) ?? median(levels(entries));
}

function strengthOf(entry: Entry, cores: number, level: number, elapsedMs: number): Strength {
  const { verdict, memory } = entry;
  const does = startedPerSecond(entry, elapsedMs) ?? 0;
  const should = verdict.capacity ?? cores * level;
  const can = verdict.capacity ?? cores * Math.min(level, perCore(memory.pace) ?? level);
  return { does, should, can };
}

/** null: HAProxy's counters are not known. A request that another server got in the end is counted there. */
function startedPerSecond({ observation: { flow, traffic } }: Entry, elapsedMs: number): number | null {
  if (traffic === null) return null;
  const started = flow === null ? traffic.ok + traffic.errors : Math.max(0, flow.started - flow.redispatches);
  return (started * 1_000) / elapsedMs;
}

/** Requests in flight beyond those that a full server without a queue has, and those that wait in HAProxy. */
function backlogOf({ observation, memory: { pace } }: Entry, of: ReadonlyMap<string, Strength>): number {
  const { can = 0 } = of.get(observation.server) ?? {};
  const queued = observation.flow?.queued ?? 0;
  const inFlight = inFlightOf(observation);
  return queued + (pace.restSeconds === null ? 0 : Math.max(0, inFlight - can * pace.restSeconds));
}

function inCores(
  entries: readonly Entry[],
  coresOf: (entry: Entry) => number,
  before: number | null,
  isTold: boolean,
): Demand {
  // a standby: the cores are busy with requests of another HAProxy
  const isStandby = isTold && !entries.some(({ observation }) => hadTraffic(observation));
  const of = new Map(
    entries.map((entry) => {
      const cores = coresOf(entry);
      return [
        entry.observation.server,
        {
          does: isStandby || hadTraffic(entry.observation) ? (entry.memory.utilisation.cpu ?? 0) * cores : 0,
          can: cores,
          should: Number.POSITIVE_INFINITY,
        },
      ];
    }),
  );
  return { total: sum([...of.values()].map(({ does }) => does)), of, inRequests: false, perSecond: before };
}
