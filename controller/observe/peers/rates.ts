import type { Problem } from '../../../shared/contract/problem.ts';
import { peerImplausible } from '../../../shared/contract/problems/peer.ts';
import { err, ok, type Result } from '../../../shared/contract/result.ts';
import type { BackendTraffic, ServerTraffic } from '../../../shared/contract/traffic.ts';
import { sum } from '../../../shared/math/statistics.ts';

/** What a peer's HAProxy did with one server, between two of its readings. */
export interface ServerRates extends Pick<ServerTraffic, 'server' | 'address' | 'port' | 'inFlight'> {
  readonly okPerSecond: number;
  readonly startedPerSecond: number;
}

/** No server does more: HAProxy itself is measured at two million requests/s on 64 cores. A peer that says so is not believed. */
export const mostPerSecond = 1_000_000;
/** Two readings that are closer together than this say too little. */
const shortestMs = 100;
/** A server's share of 4xx stands out this far above the mean of the others' shares. */
const standsOutAbove = 0.3;

/**
 * What happened at a peer between two readings of one of its backends; null where the later one is the same, or too close.
 * Servers that came, whose place changed, or whose counters went back (`clear counters`) are left out. Pure.
 */
export function ratesBetween(
  url: string,
  before: BackendTraffic,
  now: BackendTraffic,
): Result<readonly ServerRates[] | null, Problem> {
  const seconds = (now.readAtMs - before.readAtMs) / 1_000;
  if (seconds * 1_000 < shortestMs) return ok(null);
  const known = new Map(before.servers.map((each) => [each.server, each]));
  const counted = now.servers.flatMap((each) => {
    const earlier = known.get(each.server);
    return earlier === undefined || !isContinued(earlier, each) ? [] : [{ each, ...differences(earlier, each) }];
  });
  const shares = withoutRefusals(counted);
  const rates: ServerRates[] = [];
  for (const [index, { each, started }] of counted.entries()) {
    const { server, address, port, inFlight } = each;
    const okPerSecond = (shares[index] ?? 0) / seconds;
    const startedPerSecond = started / seconds;
    const most = Math.max(okPerSecond, startedPerSecond, inFlight);
    if (most > mostPerSecond) return err(peerImplausible(url, server, most, mostPerSecond));
    rates.push({ server, address, port, inFlight, okPerSecond, startedPerSecond });
  }
  return ok(rates);
}

function isContinued(before: ServerTraffic, now: ServerTraffic): boolean {
  const isSamePlace = before.address === now.address && before.port === now.port;
  return isSamePlace && now.ok >= before.ok && now.started >= before.started && now.clientErrors >= before.clientErrors;
}

function differences(before: ServerTraffic, now: ServerTraffic) {
  return {
    ok: now.ok - before.ok,
    clientErrors: Math.min(now.ok - before.ok, now.clientErrors - before.clientErrors),
    started: now.started - before.started,
  };
}

/**
 * The successes, without the 4xx of a server that has far more of them than the others: it answers at once and so looks capable.
 * As for our own counters (controller/decide/quick-refusals.ts), but without a memory: nothing but learning depends on it.
 */
function withoutRefusals(counted: readonly { readonly ok: number; readonly clientErrors: number }[]): number[] {
  const shareOf = (each: { readonly ok: number; readonly clientErrors: number }) => each.clientErrors / each.ok;
  const working = counted.filter(({ ok }) => ok > 0);
  const total = sum(working.map(shareOf).sort((a, b) => a - b));
  return counted.map((each) => {
    if (each.ok === 0 || working.length < 2) return each.ok;
    const share = shareOf(each);
    const others = Math.max(0, (total - share) / (working.length - 1));
    const excess = share - others;
    return excess > standsOutAbove ? each.ok * (1 - excess) : each.ok;
  });
}
