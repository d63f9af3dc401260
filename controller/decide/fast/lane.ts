import { median, sum } from '../../../shared/math/statistics.ts';
import type { Orders } from '../orders.ts';
import { type Carrier, Demand } from './demand.ts';
import { judgeable, usualAfter } from './judge.ts';
import type { BackendRow, LookRow } from './look-row.ts';
import { decideOpenings } from './openings.ts';
import { atLeast, rampUp } from './ramp.ts';
import { type LimitsSeen, type LimitWatch, nothingWatched, watchLimits } from './refute.ts';
import { type Baseline, nobodyAnswers } from './rescue.ts';
import { type FastMemory, type Seen, takeIn, withBreaker } from './seen.ts';
import type { LaneSettings } from './settings.ts';
import { inFlightMean, ratePerSecond, responseMs } from './windows.ts';

/** What the looks remember of one backend. */
export interface FastLaneState {
  readonly servers: ReadonlyMap<string, FastMemory>;
  /** How long a request takes without a queue, in ms; null: not known yet. */
  readonly usualMs: number | null;
  /** Median of the servers' expected shares of errors, at the look before. */
  readonly errorShare: number;
  readonly baseline: Baseline | null;
  /** For how long the servers in use have been asked for more than they can do, in ms. */
  readonly overloadedMs: number;
  readonly limits: LimitWatch;
}

export const firstLook: FastLaneState = {
  servers: new Map(),
  usualMs: null,
  errorShare: 0,
  baseline: null,
  overloadedMs: 0,
  limits: nothingWatched,
};

export interface LookInput {
  /** Every server that HAProxy has in the backend. */
  readonly rows: readonly LookRow[];
  readonly backend: BackendRow;
  /** Since the look before, in ms, above 0. */
  readonly elapsedMs: number;
  /** Of the last tick; a server that was released since is not drained. One without an order is judged, and left alone. */
  readonly orders: Orders;
  readonly isLeastconn: boolean;
  readonly settings: LaneSettings;
}

export interface LookOutcome {
  readonly state: FastLaneState;
  /** Drained servers that must take requests at once. */
  readonly released: readonly string[];
  readonly limits: Omit<LimitsSeen, 'watch'>;
}

/** Overload must last this long, in ms, before drained servers are released for it. */
const overloadMs = 400;
/** Requests a second, about, that a probe gets. */
const probeRate = 3;

/**
 * One look: breakers, ramps and releases, from what HAProxy counted since the look before. Pure: the same looks give the same
 * answers, and the order of the rows does not matter.
 */
export function look(before: FastLaneState, input: LookInput): LookOutcome {
  const rows = input.rows.toSorted((a, b) => (a.server < b.server ? -1 : 1));
  const seen = rows.map((row) => takeIn(row, before.servers, input.orders, input.elapsedMs));
  const usualMs = usualAfter(before.usualMs, seen, input.elapsedMs);
  const judged = seen.map((each) => judgeable(each, usualMs, input.elapsedMs));
  const openings = decideOpenings(judged, before.errorShare, input.settings, input.elapsedMs);
  const opened = seen.map((each, index) => withBreaker(each, openings.breakers[index] ?? each.memory.breaker));
  const demand = new Demand(opened.map(carrierOf), input.orders, usualMs, input.backend.waiting);
  const times = opened.flatMap(({ memory, stands }) => (stands === 'full' ? (responseMs(memory.windows) ?? []) : []));
  const othersMs = median(times);
  const ramped = opened.map((each) => withRamp(each, demand, othersMs, input.elapsedMs));
  const overloadedMs = demand.isTooMuch ? before.overloadedMs + input.elapsedMs : 0;
  const { isOutage, baseline } = nobodyAnswers(rows, before.baseline);
  const isOverloaded = overloadedMs >= overloadMs;
  const drained = ramped.filter(isDrainedAndUp).map(({ row }) => row.server);
  const rates = ratesOf(ramped);
  const { watch, ...limits } = watchLimits(before.limits, ramped, input.backend, input.elapsedMs);
  return {
    state: {
      servers: new Map(ramped.map((each) => [each.row.server, withProbe(each, rates, input.isLeastconn)])),
      usualMs,
      errorShare: openings.errorShare,
      baseline,
      overloadedMs: isOutage || isOverloaded ? 0 : overloadedMs,
      limits: watch,
    },
    limits,
    // where nobody answers, nobody knows how much is asked for
    released: isOutage ? drained : isOverloaded ? demand.neededOf(drained) : [],
  };
}

function carrierOf({ row, memory, stands }: Seen): Carrier {
  const { server, inFlight, queued } = row;
  return { server, stands, inFlight, queued, ratePerSecond: ratePerSecond(memory.windows) };
}

function withRamp(seen: Seen, demand: Demand, othersMs: number | null, elapsedMs: number): Seen {
  const { row, memory, stands } = seen;
  const { windows, breaker } = memory;
  // where less than one is in flight none piles up, and a look at one request in flight says little of how long it takes
  const ownMs = inFlightMean(windows) < 1 ? null : responseMs(windows);
  const grown = stands === 'ramping' ? rampUp(memory.ramp, seen.wasUp, elapsedMs, ownMs, othersMs) : memory.ramp;
  const isNeeded = grown.share < 1 && breaker.phase === 'closed' && seen.order !== undefined;
  const ramp = isNeeded ? atLeast(grown, demand.needOf(row.server, stands === 'ramping')) : grown;
  return { ...seen, memory: { ...memory, ramp } };
}

function isDrainedAndUp({ row, order }: Seen): boolean {
  return order?.full === 0 && row.status === 'up';
}

/** Requests per second for one unit of full weight. */
function ratesOf(seen: readonly Seen[]): number {
  const weight = sum(seen.map(({ order }) => order?.full ?? 0));
  const rate = sum(seen.map(({ memory }) => ratePerSecond(memory.windows)));
  return weight === 0 ? 0 : rate / weight;
}

/** Under leastconn the least weight is enough: an idle server gets the next requests. */
function withProbe({ memory, order }: Seen, rate: number, isLeastconn: boolean): FastMemory {
  if (memory.breaker.phase !== 'probing' || order === undefined) return memory;
  const expected = rate * order.full;
  const share = isLeastconn ? 0 : expected <= probeRate ? 1 : probeRate / expected;
  return { ...memory, probeShare: Math.max(1 / 256, share) };
}
