import { sum } from '../../../shared/math/statistics.ts';
import { evidenceOf } from './breaker.ts';
import type { Judged } from './openings.ts';
import type { FastMemory, Seen } from './seen.ts';
import { expectedShare, okPerSecond, responseMs } from './windows.ts';

/** A request that takes so many times as long as usual, or this long, in ms, was not answered fast. */
const slowTimes = 3;
const fastMs = 150;
/** The usual time doubles in this time, in ms: requests may become heavier. */
const forgetUsualMs = 600_000;

/** How long a request takes without a queue, in ms; null: not known yet. */
export function usualAfter(before: number | null, seen: readonly Seen[], elapsedMs: number): number | null {
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

/** What a server's breaker is judged by. */
export function judgeable(seen: Seen, usualMs: number | null, elapsedMs: number): Judged {
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
