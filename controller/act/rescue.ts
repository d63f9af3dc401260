import type { StatRow, WeightChange } from '../../haproxy/runtime-api.ts';
import { takesRequests } from '../observe/rotation.ts';
import { countersOf } from '../observe/traffic.ts';

/** What HAProxy counted for a server that takes requests: work that was done, and what went wrong. */
interface Tally {
  readonly done: number;
  readonly trouble: number;
}

/** Servers that take requests, by name, with their counts when they began to fail. */
export type Baseline = ReadonlyMap<string, Tally>;

export interface Rescue {
  /** Weights to be given back at once. */
  readonly changes: readonly WeightChange[];
  readonly baseline: Baseline;
}

/**
 * Rule 1 between two ticks. While a server is drained and no other one answers, clients get errors although a server could
 * answer. So drained servers get their configured weights back at once, without asking their agents, when no other server
 * takes requests, or when every one that does fails (refused connections, errors, retries) and none has answered since that
 * began: HAProxy's own checks take some seconds to notice. Pure.
 *
 * `drained`: servers at weight 0 by our decision, with their configured weights. `before`: the baseline of the call before,
 * null at the first.
 */
export function rescueDrained(
  rows: readonly StatRow[],
  before: Baseline | null,
  drained: ReadonlyMap<string, number>,
): Rescue {
  const usable = rows.filter(takesRequests);
  const open = new Map(usable.filter(({ weight }) => weight > 0).map((row) => [row.name, tallyOf(row)]));
  const goesOn = before !== null && hasSameServers(open, before) && nobodyAnswered(open, before);
  const isFailing =
    goesOn && [...open].every(([name, { trouble }]) => trouble > (before.get(name)?.trouble ?? trouble));
  const changes = usable.flatMap(({ name }) => {
    const weight = drained.get(name);
    return weight === undefined || !(open.size === 0 || isFailing) ? [] : [{ server: name, weight }];
  });
  return { changes, baseline: goesOn ? before : open };
}

function tallyOf(row: StatRow): Tally {
  const { ok, errors, redispatches } = countersOf(row);
  return { done: ok, trouble: errors + redispatches + row.retries };
}

function hasSameServers(open: Baseline, before: Baseline): boolean {
  return open.size > 0 && open.size === before.size && [...open.keys()].every((name) => before.has(name));
}

/** Counters that went back are those of another HAProxy, and say nothing. */
function nobodyAnswered(open: Baseline, before: Baseline): boolean {
  return [...open].every(([name, { done, trouble }]) => {
    const then = before.get(name);
    return then !== undefined && done === then.done && trouble >= then.trouble;
  });
}
