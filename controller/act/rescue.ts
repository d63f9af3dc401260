import type { StatRow, WeightChange } from '../../haproxy/runtime-api.ts';
import { isUp } from '../../haproxy/stat-csv.ts';
import { countersOf } from '../observe/traffic.ts';

/** What HAProxy counted for a server that takes requests: work that was done, and what went wrong. */
interface Tally {
  readonly done: number;
  readonly trouble: number;
}

/** What an earlier look saw of the servers that take requests, by name. */
export type Baseline = ReadonlyMap<string, Tally>;

export interface Look {
  /** Weights to be given back at once. */
  readonly changes: readonly WeightChange[];
  readonly baseline: Baseline;
}

/**
 * Rule 1 between two ticks. A drained server helps nobody when no other one answers: HAProxy then has a server that could,
 * and no weight that lets it. Those that we drained get their configured weights back, at once and without a look at what
 * the agents say, when no other server is left in rotation, or when every one that is left fails (refused connections,
 * errors, retries) and none has answered since the first look at which that began: HAProxy's own checks take some seconds
 * to find out. Pure.
 *
 * `drained`: servers at weight 0 by our decision, with their configured weights. `before`: the baseline of the look before,
 * null at the first.
 */
export function rescueLook(
  rows: readonly StatRow[],
  before: Baseline | null,
  drained: ReadonlyMap<string, number>,
): Look {
  const usable = rows.filter(isInRotation);
  const open = new Map(usable.filter(({ weight }) => weight > 0).map((row) => [row.name, tallyOf(row)]));
  const goesOn = before !== null && isOfTheSame(open, before) && nobodyAnswered(open, before);
  const isFailing =
    goesOn && [...open].every(([name, { trouble }]) => trouble > (before.get(name)?.trouble ?? trouble));
  const changes = usable.flatMap(({ name }) => {
    const weight = drained.get(name);
    return weight === undefined || !(open.size === 0 || isFailing) ? [] : [{ server: name, weight }];
  });
  return { changes, baseline: goesOn ? before : open };
}

function isInRotation({ kind, status, isBackup }: StatRow): boolean {
  return kind === 'server' && !isBackup && isUp(status);
}

function tallyOf(row: StatRow): Tally {
  const { ok, errors, redispatches } = countersOf(row);
  return { done: ok, trouble: errors + redispatches + row.retries };
}

function isOfTheSame(open: Baseline, before: Baseline): boolean {
  return open.size > 0 && open.size === before.size && [...open.keys()].every((name) => before.has(name));
}

/** Counters that went back are those of another HAProxy, and say nothing. */
function nobodyAnswered(open: Baseline, before: Baseline): boolean {
  return [...open].every(([name, { done, trouble }]) => {
    const then = before.get(name);
    return then !== undefined && done === then.done && trouble >= then.trouble;
  });
}
