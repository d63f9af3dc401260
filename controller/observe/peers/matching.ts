import type { Elsewhere } from '../../../shared/contract/observation.ts';
import { sum } from '../../../shared/math/statistics.ts';
import type { ServerRates } from './rates.ts';

/** One of our servers. */
export interface OwnServer {
  readonly server: string;
  /** IP address; empty where HAProxy has none. */
  readonly address: string;
  readonly port: number | null;
}

/** What one peer's HAProxy does with the servers of a backend. */
export interface PeerRates {
  /** Whether its HAProxy is on the same host as ours: else its loopback addresses are not ours. */
  readonly isSameHost: boolean;
  readonly servers: readonly ServerRates[];
}

/** The same as `Elsewhere`, not rounded. */
export type Sums = { [Field in keyof Elsewhere]: number };

/**
 * What one peer did with each of our servers in this time. A server is the same where address and port are; names may differ, as
 * slots of a `server-template` do. Where one side has no place that the other could know (no address, no port, loopback of
 * another host), names decide. Several of our servers at one place have equal parts. Servers that the peer does not have are not in
 * the result. Pure.
 */
export function matched(own: readonly OwnServer[], peer: PeerRates, elapsedMs: number): ReadonlyMap<string, Sums> {
  const { isSameHost, servers } = peer;
  const placeIn = ({ address, port }: OwnServer) => placeOf(address, port, isSameHost);
  const byPlace = Map.groupBy(servers, placeIn);
  const byName = new Map(servers.map((row) => [row.server, row]));
  const ours = Map.groupBy(own, placeIn);
  const found = own.flatMap((each): [string, Sums][] => {
    const place = placeIn(each);
    const there = place === null ? undefined : byPlace.get(place);
    if (there !== undefined) return [[each.server, sumOf(there, elapsedMs, ours.get(place)?.length ?? 1)]];
    const namesake = byName.get(each.server);
    const isIt = namesake !== undefined && (place === null || placeIn(namesake) === null);
    return isIt ? [[each.server, sumOf([namesake], elapsedMs, 1)]] : [];
  });
  return new Map(found);
}

function sumOf(rows: readonly ServerRates[], elapsedMs: number, parts: number): Sums {
  const total = (value: (row: ServerRates) => number) => sum(rows.map(value)) / parts;
  const seconds = elapsedMs / 1_000;
  return {
    ok: total(({ okPerSecond }) => okPerSecond) * seconds,
    started: total(({ startedPerSecond }) => startedPerSecond) * seconds,
    inFlight: total(({ inFlight }) => inFlight),
  };
}

/** null: unknown, or not to be compared. */
function placeOf(address: string, port: number | null, isSameHost: boolean): string | null {
  if (address === '' || port === null || (isLoopback(address) && !isSameHost)) return null;
  return `at ${address} ${port}`;
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
