import { maxWeight, namePattern } from '../shared/contract/limits.ts';
import type { Problem } from '../shared/contract/problem.ts';
import { nameInvalid } from '../shared/contract/problems/backend.ts';
import { err, ok, type Result } from '../shared/contract/result.ts';

/** The weight that a server of the backend should get: an integer from 0 to 256. */
export interface WeightChange {
  readonly server: string;
  readonly weight: number;
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
 * The commands for a set of changes, checked. A weight that is not an integer from 0 to 256 is a defect of the caller and
 * throws a RangeError; names come from outside and may be a Problem.
 */
export function weightCommands(backend: string, changes: readonly WeightChange[]): Result<readonly string[], Problem> {
  const checked = checkName('backend', backend);
  if (!checked.ok) return checked;
  const commands: string[] = [];
  for (const { server, weight } of changes) {
    const name = checkName('server', server);
    if (!name.ok) return name;
    if (!Number.isInteger(weight) || weight < 0 || weight > maxWeight) {
      throw new RangeError(`weight of ${backend}/${server}: expected an integer from 0 to ${maxWeight}, got ${weight}`);
    }
    commands.push(`set server ${backend}/${server} weight ${weight}`);
  }
  return ok(commands);
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
