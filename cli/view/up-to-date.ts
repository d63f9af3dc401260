import { effectivePeriodMs } from '../../shared/contract/effective-period.ts';
import type { BackendStatus, Status } from '../../shared/contract/status.ts';
import { seconds } from '../../shared/terminal/format.ts';

/** Periods, as long as they are in effect, without a tick after which a controller counts as stuck. */
const mostPeriods = 3;

/** When a controller gave a status, by its own wall clock in ms; null: we asked HAProxy and the agents ourselves. */
export type AnsweredAt = number | null;

/** Age of the last tick in ms; where there was none, the time since the start. */
export function tickAgeMs({ lastTickAtMs, startedAtMs }: Status, answeredAtMs: number): number {
  return answeredAtMs - (lastTickAtMs ?? startedAtMs);
}

export function isStuck(status: Status, answeredAt: AnsweredAt): boolean {
  const periodMs = effectivePeriodMs(status.periodMs, status.lastTickDurationMs);
  return answeredAt !== null && tickAgeMs(status, answeredAt) > mostPeriods * periodMs;
}

/** What makes the whole status out of date, or older than a period, as the first lines to show; none while all is well. */
export function outOfDate(status: Status, answeredAt: AnsweredAt): readonly string[] {
  const { haproxy, periodMs, lastTickAtMs, slowTicks } = status;
  const lines = [
    ...(haproxy.problem === null ? [] : [`! HAProxy: ${haproxy.problem}`]),
    ...(slowTicks === null ? [] : [`! ${slowTicks}`]),
  ];
  if (answeredAt === null || !isStuck(status, answeredAt)) return lines;
  const age = seconds(tickAgeMs(status, answeredAt));
  const since = lastTickAtMs === null ? `no tick in the ${age} since its start` : `the last tick was ${age} ago`;
  return [`! the controller is stuck: ${since}, one is due every ${seconds(periodMs)}. Look at its log.`, ...lines];
}

/** The time that a backend's servers are of: "as of" where the last tick could not read them, or was long ago. */
export function timeOf({ readAtMs }: BackendStatus, status: Status, answeredAt: AnsweredAt): string {
  const { lastTickAtMs, lastTickDurationMs } = status;
  const atMs = readAtMs ?? lastTickAtMs;
  if (atMs === null) return 'no tick yet';
  // both instants are rounded to a millisecond
  const missedMs = (lastTickAtMs ?? atMs) - (lastTickDurationMs ?? 0) - atMs - 1;
  const time = `${new Date(atMs).toISOString().slice(11, 19)} UTC`;
  return missedMs > 0 || isStuck(status, answeredAt) ? `as of ${time}` : time;
}

/** Why a backend has no servers to show. */
export function noServers({ readAtMs, problem }: BackendStatus, { haproxy, lastTickAtMs }: Status): string {
  if (readAtMs !== null) return 'HAProxy has no server in this backend';
  if (haproxy.problem !== null) return 'no servers seen yet: HAProxy has not answered';
  if (problem !== null) return 'no servers seen yet: the backend cannot be read';
  return lastTickAtMs === null ? 'no servers seen yet: the first tick is under way' : 'no servers seen yet';
}
