import { maxLimit, maxWeight, namePattern } from '../shared/contract/limits.ts';
import type { Problem } from '../shared/contract/problem.ts';
import { nameInvalid } from '../shared/contract/problems/backend.ts';
import { err, ok, type Result } from '../shared/contract/result.ts';

/** The weight that a server of the backend should get: an integer from 0 to 256. */
export interface WeightChange {
  readonly server: string;
  readonly weight: number;
}

/** The limit on requests at once that a server of the backend should get: an integer from 0 (none) to `maxLimit`. */
export interface LimitChange {
  readonly server: string;
  readonly limit: number;
}

/**
 * Longest command line that is sent, in bytes with its line feed. From 3.2 on HAProxy takes one buffer (`tune.bufsize`, 16,384
 * bytes unless configured) and refuses a longer line as a whole; small machines have it at 4,096 (seen: 4,050 fit).
 */
export const maxLineBytes = 4_000;

/** So that one command always fits a line, whatever the names of backend and server. */
const maxNameLength = 1_000;

export function isValidName(name: string): boolean {
  return name.length <= maxNameLength && namePattern.test(name);
}

export function checkName(kind: 'backend' | 'server', name: string): Result<string, Problem> {
  if (isValidName(name)) return ok(name);
  return err(nameInvalid(kind, name, maxNameLength));
}

/**
 * The commands for a set of weights, checked. A weight that is not an integer from 0 to 256 is a defect of the caller and
 * throws a RangeError; names come from outside and may be a Problem.
 */
export function weightCommands(backend: string, changes: readonly WeightChange[]): Result<readonly string[], Problem> {
  return commandsFor(backend, changes, (place, { weight }) => {
    assertInteger('weight', place, weight, maxWeight);
    return [`set server ${place} weight ${weight}`];
  });
}

/**
 * The same for limits, from 0 to `maxLimit`. 0 means none, but HAProxy (2.6 to 3.4) then leaves the requests that already wait
 * behind, until `timeout queue` ends them: so a limit that nothing reaches goes before it, and lets them out.
 */
export function limitCommands(backend: string, changes: readonly LimitChange[]): Result<readonly string[], Problem> {
  return commandsFor(backend, changes, (place, { limit }) => {
    assertInteger('limit', place, limit, maxLimit);
    const set = (value: number) => `set maxconn server ${place} ${value}`;
    return limit === 0 ? [set(maxLimit), set(0)] : [set(limit)];
  });
}

function commandsFor<Change extends { readonly server: string }>(
  backend: string,
  changes: readonly Change[],
  commandsOf: (place: string, change: Change) => readonly string[],
): Result<readonly string[], Problem> {
  const checked = checkName('backend', backend);
  if (!checked.ok) return checked;
  const commands: string[] = [];
  for (const change of changes) {
    const name = checkName('server', change.server);
    if (!name.ok) return name;
    commands.push(...commandsOf(`${backend}/${change.server}`, change));
  }
  return ok(commands);
}

function assertInteger(what: string, place: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw new RangeError(`${what} of ${place}: expected an integer from 0 to ${max}, got ${value}`);
}

/** Joins commands by `;` into as few groups as fit the line limit, in order. Commands must be ASCII. */
export function splitIntoLines(commands: readonly string[], limitBytes = maxLineBytes): readonly (readonly string[])[] {
  const groups: string[][] = [];
  let group: string[] = [];
  let bytes = 0;
  for (const command of commands) {
    // Each command brings one byte more: the `;` before the next one, or the line feed.
    const needed = command.length + 1;
    if (group.length > 0 && bytes + needed > limitBytes) {
      groups.push(group);
      group = [];
      bytes = 0;
    }
    group.push(command);
    bytes += needed;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
