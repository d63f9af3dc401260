import type { LimitReading } from '../../shared/contract/server-limit.ts';
import type { LimitWriter } from '../act/limit-writer.ts';
import type { BackendView } from '../observe/haproxy-view.ts';
import type { ObservedServer } from '../observe/observer.ts';
import type { LimitLane } from './limit-lane.ts';

export type LimitReadings = ReadonlyMap<string, LimitReading>;

/** What a tick's reading of HAProxy, and the looks before it, say of the limits. None in tcp mode. */
export function readLimits(
  { servers, isHttp, fullconn }: BackendView,
  writer: Pick<LimitWriter, 'see' | 'readingOf'>,
  lane: LimitLane,
): LimitReadings {
  writer.see(servers);
  const found = lane.take(servers.map(({ server }) => server));
  if (!isHttp) return new Map();
  return new Map(
    servers.map(({ server, limit: now }) => {
      const looked = found.get(server) ?? { fullPart: 0, suspended: false, refuted: null };
      return [server, { now, fullconn, ...writer.readingOf(server), ...looked }];
    }),
  );
}

/** The servers, each with what is known of its limit. */
export function withLimits(servers: readonly ObservedServer[], readings: LimitReadings): readonly ObservedServer[] {
  return servers.map((each) => {
    const limit = readings.get(each.observation.server);
    return limit === undefined ? each : { ...each, observation: { ...each.observation, limit } };
  });
}
