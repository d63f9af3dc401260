import type { LookRow } from './look-row.ts';

/** Work that a server has done, and what went wrong. */
interface Tally {
  readonly done: number;
  readonly failed: number;
}

/** Servers that take requests, by name, with their counts when they began to fail. */
export type Baseline = Readonly<Record<string, Tally>>;

/**
 * Whether no server that takes requests answers: there is none, or every one fails (refused connections, errors, retries) and
 * none has answered since that began. HAProxy's own checks take some seconds to notice. Pure. `before`: null at the first look.
 */
export function nobodyAnswers(
  rows: readonly LookRow[],
  before: Baseline | null,
): { readonly isOutage: boolean; readonly baseline: Baseline } {
  const open = rows.filter(({ status, isBackup, weight }) => status === 'up' && !isBackup && weight > 0);
  const tallies = new Map(
    open.map(({ server, ok, errors, retries, redispatches }) => {
      return [server, { done: ok, failed: errors + retries + redispatches }];
    }),
  );
  const known = new Map(Object.entries(before ?? {}));
  const goesOn = before !== null && hasSameServers(tallies, known) && nobodyAnswered(tallies, known);
  const isFailing = goesOn && [...tallies].every(([name, { failed }]) => failed > (known.get(name)?.failed ?? failed));
  return {
    isOutage: open.length === 0 || isFailing,
    baseline: goesOn ? before : Object.fromEntries(tallies),
  };
}

type Tallies = ReadonlyMap<string, Tally>;

function hasSameServers(open: Tallies, before: Tallies): boolean {
  return open.size > 0 && open.size === before.size && [...open.keys()].every((name) => before.has(name));
}

/** Counters that went back are those of another HAProxy, and say nothing. */
function nobodyAnswered(open: Tallies, before: Tallies): boolean {
  return [...open].every(([name, { done, failed }]) => {
    const then = before.get(name);
    return then !== undefined && done === then.done && failed >= then.failed;
  });
}
