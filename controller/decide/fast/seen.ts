import type { Order, Orders } from '../orders.ts';
import { type Breaker, close, closedBreaker } from './breaker.ts';
import type { Carrier } from './demand.ts';
import { between, type Counted, type LookRow, type Totals, totalsOf } from './look-row.ts';
import { afterProbe, away, fullRamp, newRamp, type Ramp } from './ramp.ts';
import { emptyWindows, type Windows, windowsAfter } from './windows.ts';

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

/** What is remembered of a server that is there at the first look of all. */
const known: FastMemory = {
  totals: null,
  windows: emptyWindows,
  breaker: closedBreaker,
  ramp: fullRamp,
  isUp: false,
  probeShare: 1,
};

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

/** `servers`: what was remembered at the look before. */
export function takeIn(
  row: LookRow,
  servers: ReadonlyMap<string, FastMemory>,
  orders: Orders,
  elapsedMs: number,
): Seen {
  const order = orders.get(row.server);
  // weight 0 at the first look was left by a controller that was killed
  const isFirst = servers.size === 0;
  const fresh = isFirst && row.weight > 0 ? known : { ...known, ramp: newRamp };
  const memory = servers.get(row.server) ?? fresh;
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

export function withBreaker(seen: Seen, breaker: Breaker): Seen {
  const before = seen.memory.breaker;
  const isBack = before.phase !== 'closed' && breaker.phase === 'closed';
  // after a probe it comes back by a ramp; closed without one, because all servers fail, it was out for nothing
  const passed = before.phase === 'open' ? fullRamp : afterProbe;
  const ramp = isBack && seen.memory.ramp.awayMs === null ? passed : seen.memory.ramp;
  const memory = { ...seen.memory, breaker, ramp };
  const stands = ramp.awayMs !== null || breaker.phase !== 'closed' ? 'out' : ramp.share < 1 ? 'ramping' : 'full';
  return { ...seen, memory, stands };
}
