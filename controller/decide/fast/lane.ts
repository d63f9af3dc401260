import type { FastState } from '../../../shared/contract/observation.ts';
import { median, sum } from '../../../shared/math/statistics.ts';
import type { Order, Orders } from '../orders.ts';
import { type Breaker, close, closedBreaker, evidenceOf } from './breaker.ts';
import { type Carrier, Demand } from './demand.ts';
import { fastWeight } from './fast-weight.ts';
import { between, type Counted, type LookRow, type Totals, totalsOf } from './look-row.ts';
import { decideOpenings, type Judged } from './openings.ts';
import { afterProbe, atLeast, away, fullRamp, newRamp, type Ramp, rampUp } from './ramp.ts';
import { type Baseline, nobodyAnswers } from './rescue.ts';
import type { LaneSettings } from './settings.ts';
import {
  emptyWindows,
  expectedShare,
  inFlightMean,
  okPerSecond,
  ratePerSecond,
  responseMs,
  type Windows,
  windowsAfter,
} from './windows.ts';

/** What the looks remember of one server. */
export interface FastMemory {
  readonly totals: Totals | null;
  readonly windows: Windows;
  readonly breaker: Breaker;
  readonly ramp: Ramp;
  readonly isUp: boolean;
  /** The part of its weight that the server has while it is probed. */
  readonly probeShare: number;
}

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
}

export const firstLook: FastLaneState = {
  servers: new Map(),
  usualMs: null,
  errorShare: 0,
  baseline: null,
  overloadedMs: 0,
};

export interface LookInput {
  /** Every server that HAProxy has in the backend. */
  readonly rows: readonly LookRow[];
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
}

/** A request that takes so many times as long as usual, or this long, in ms, was not answered fast. */
const slowTimes = 3;
const fastMs = 150;
/** The usual time doubles in this time, in ms: requests may become heavier. */
const forgetUsualMs = 600_000;
/** Overload must last this long, in ms, before drained servers are released for it. */
const overloadMs = 400;
/** Requests a second, about, that a probe gets. */
const probeRate = 3;

/** What is remembered of a server that is there at the first look of all. */
const known: FastMemory = {
  totals: null,
  windows: emptyWindows,
  breaker: closedBreaker,
  ramp: fullRamp,
  isUp: false,
  probeShare: 1,
};

/**
 * One look: breakers, ramps and releases, from what HAProxy counted since the look before. Pure: the same looks give the same
 * answers, and the order of the rows does not matter.
 */
export function look(before: FastLaneState, input: LookInput): LookOutcome {
  const rows = input.rows.toSorted((a, b) => (a.server < b.server ? -1 : 1));
  const seen = rows.map((row) => takeIn(row, before, input));
  const usualMs = usualAfter(before.usualMs, seen, input.elapsedMs);
  const judged = seen.map((each) => judgeable(each, usualMs, input.elapsedMs));
  const openings = decideOpenings(judged, before.errorShare, input.settings, input.elapsedMs);
  const opened = seen.map((each, index) => withBreaker(each, openings.breakers[index] ?? each.memory.breaker));
  const demand = new Demand(opened.map(carrierOf), input.orders, usualMs);
  const times = opened.flatMap(({ memory, stands }) => (stands === 'full' ? (responseMs(memory.windows) ?? []) : []));
  const othersMs = median(times);
  const ramped = opened.map((each) => withRamp(each, demand, othersMs, input.elapsedMs));
  const overloadedMs = demand.isTooMuch ? before.overloadedMs + input.elapsedMs : 0;
  const { isOutage, baseline } = nobodyAnswers(rows, before.baseline);
  const isOverloaded = overloadedMs >= overloadMs;
  const drained = ramped.filter(isDrainedAndUp).map(({ row }) => row.server);
  const rates = ratesOf(ramped);
  return {
    state: {
      servers: new Map(ramped.map((each) => [each.row.server, withProbe(each, rates, input.isLeastconn)])),
      usualMs,
      errorShare: openings.errorShare,
      baseline,
      overloadedMs: isOutage || isOverloaded ? 0 : overloadedMs,
    },
    // where nobody answers, nobody knows how much is asked for
    released: isOutage ? drained : isOverloaded ? demand.neededOf(drained) : [],
  };
}

/** One server during a look. */
export interface Seen {
  readonly row: LookRow;
  readonly order: Order | undefined;
  readonly memory: FastMemory;
  /** Since the look before; null where it is not known. */
  readonly counted: Counted | null;
  /** At the look before. */
  readonly wasUp: boolean;
  readonly stands: Carrier['stands'];
}

function takeIn(row: LookRow, before: FastLaneState, { orders, elapsedMs }: LookInput): Seen {
  const order = orders.get(row.server);
  // weight 0 at the first look was left by a controller that was killed
  const isFirst = before.servers.size === 0;
  const fresh = isFirst && row.weight > 0 ? known : { ...known, ramp: newRamp };
  const memory = before.servers.get(row.server) ?? fresh;
  const counted = between(memory.totals, row);
  const windows = counted === null ? memory.windows : windowsAfter(memory.windows, counted, row, elapsedMs);
  const isAway = row.status !== 'up' || order?.full === 0 || (order === undefined && memory.ramp.awayMs !== null);
  // HAProxy's checks, or an operator, have taken it out, and bring it back
  const isTaken = row.status !== 'up' && memory.breaker.phase !== 'closed';
  const breaker = isTaken ? close(memory.breaker) : memory.breaker;
  const ramp = isAway ? away(memory.ramp, elapsedMs) : { ...memory.ramp, awayMs: null };
  return withBreaker(
    {
      ...{ row, order, counted, wasUp: memory.isUp, stands: 'out' },
      memory: { ...memory, totals: totalsOf(row), windows, breaker, ramp, isUp: row.status === 'up' },
    },
    breaker,
  );
}

function withBreaker(seen: Seen, breaker: Breaker): Seen {
  const before = seen.memory.breaker;
  const isBack = before.phase !== 'closed' && breaker.phase === 'closed';
  // after a probe it comes back by a ramp; closed without one, because all servers fail, it was out for nothing
  const passed = before.phase === 'open' ? fullRamp : afterProbe;
  const ramp = isBack && seen.memory.ramp.awayMs === null ? passed : seen.memory.ramp;
  const memory = { ...seen.memory, breaker, ramp };
  const stands = ramp.awayMs !== null || breaker.phase !== 'closed' ? 'out' : ramp.share < 1 ? 'ramping' : 'full';
  return { ...seen, memory, stands };
}

function usualAfter(before: number | null, seen: readonly Seen[], elapsedMs: number): number | null {
  const flows = seen.filter(({ stands }) => stands === 'full').map(({ memory }) => memory.windows.flow);
  const answered = sum(flows.map((flow) => flow.answered));
  if (answered < 5) return before;
  const now = sum(flows.map((flow) => flow.inFlightMs)) / answered;
  return before === null ? now : Math.min(now, before * 2 ** (elapsedMs / forgetUsualMs));
}

/** The part of a server's errors that came fast, 0 to 1: one that is overloaded works until its clients give up. */
function fastPart({ windows }: FastMemory, usualMs: number | null): number {
  const ms = responseMs(windows);
  if (ms === null || ms === 0) return 1;
  return Math.min(1, Math.max(fastMs, slowTimes * (usualMs ?? 0)) / ms);
}

/** A server that still does this part of what it can is overloaded, not broken: without it the others would have its work, too. */
const workingPart = 0.5;

function doesItsWork({ order, memory }: Seen, elapsedMs: number): boolean {
  // where its 4xx stand out they are no work
  const capacity = order === undefined || order.refusing > 0 ? null : order.capacity;
  return capacity !== null && okPerSecond(memory.windows, elapsedMs) >= workingPart * capacity;
}

function judgeable(seen: Seen, usualMs: number | null, elapsedMs: number): Judged {
  const { row, order, memory, counted, stands } = seen;
  const evidence = counted === null ? null : evidenceOf(counted, fastPart(memory, usualMs), order?.refusing ?? 0);
  const { breaker, windows, ramp } = memory;
  const isServing = row.status === 'up' && !row.isBackup && ramp.awayMs === null;
  return {
    server: row.server,
    breaker,
    evidence,
    inFlight: row.inFlight,
    share: breaker.phase === 'closed' ? expectedShare(windows) : breaker.errorShare,
    capacity: order?.size ?? 1,
    machine: order?.machine ?? '',
    isServing,
    // without an order, another one sets its weight or it was not judged yet: others are compared with it, and it is left alone
    isOurs: order !== undefined && order.full > 0,
    isDrained: order?.full === 0 && row.status === 'up',
    isOpenable: stands !== 'out' && !doesItsWork(seen, elapsedMs),
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

/** A server's state as decisions see it. */
export function fastStateOf({ breaker, ramp, probeShare }: FastMemory): FastState {
  const { phase, errorShare, remainingMs } = breaker;
  switch (phase) {
    case 'closed':
      return { breaker: 'closed', errorShare: 0, remainingMs: 0, ramp: ramp.share };
    case 'probing':
      return { breaker: 'probing', errorShare, remainingMs: 0, ramp: probeShare };
    case 'open':
      return { breaker: 'open', errorShare, remainingMs, ramp: ramp.share };
    case 'judging':
      return { breaker: 'open', errorShare, remainingMs: 0, ramp: ramp.share };
  }
}

/** The weight that a server should have now; null: nothing is to be written. */
export function weightNow(memory: FastMemory, order: Order, row: LookRow, isLeastconn: boolean): number | null {
  if (row.status === 'away') return null;
  return fastWeight(order.full, fastStateOf(memory), isLeastconn);
}
