import type { z } from 'zod';
import { reasonSchema } from '../../shared/contract/decision.ts';
import type { Tree } from '../config/yaml-file.ts';
import { recordingVersion, tickRecordSchema } from './recording.ts';

/*
 * A recording of version 1 lacks four fields: no port is known (null), no machine (empty), a server takes requests if it is in
 * rotation, and no response is counted as a client error (0). One before version 3 lacks what was sent where (null) and the looks
 * between ticks (none): the schema has these defaults.
 */

type Parsed = ReturnType<typeof tickRecordSchema.safeParse>;

/** A recorded tick of any version as this version has it: what it lacks has a default, what is not known is left out. Pure. */
export function parseTick(tick: Tree, version: number): Parsed {
  if (version < recordingVersion) return tickRecordSchema.safeParse(withoutUnknownReasons(fromVersion1(tick)));
  const parsed = tickRecordSchema.safeParse(tick);
  return parsed.success || version === recordingVersion
    ? parsed
    : tickRecordSchema.safeParse(withoutUnknown(tick, parsed));
}

function fromVersion1(tick: Tree): Tree {
  const { observations } = tick;
  return { ...tick, observations: Array.isArray(observations) ? observations.map(observationFrom1) : observations };
}

function observationFrom1(observation: unknown): unknown {
  if (!isTree(observation)) return observation;
  const { traffic, exclusion } = observation;
  return {
    ...{ port: null, machine: '', takesRequests: exclusion === null },
    ...observation,
    traffic: isTree(traffic) ? { clientErrors: 0, ...traffic } : traffic,
  };
}

/** Takes what the schema does not know out of the tick itself, which may be large. */
function withoutUnknown(tick: Tree, { error }: Parsed): Tree {
  for (const issue of error?.issues ?? []) {
    if (issue.code === 'unrecognized_keys') dropKeys(at(tick, issue.path), issue.keys);
  }
  return withoutUnknownReasons(tick);
}

/** Each version has reasons that another one has not. */
function withoutUnknownReasons(tick: Tree): Tree {
  const { decisions } = tick;
  if (Array.isArray(decisions)) for (const decision of decisions) dropReasons(decision);
  return tick;
}

function dropReasons(decision: unknown): void {
  if (!isTree(decision) || !Array.isArray(decision['reasons'])) return;
  const known = decision['reasons'].filter((reason) => reasonSchema.safeParse(reason).success);
  Reflect.set(decision, 'reasons', known);
}

function dropKeys(value: unknown, keys: readonly string[]): void {
  if (!isTree(value)) return;
  for (const key of keys) Reflect.deleteProperty(value, key);
}

function at(value: unknown, path: z.core.$ZodIssue['path']): unknown {
  return path.reduce<unknown>((tree, step) => (tree as Record<PropertyKey, unknown> | undefined)?.[step], value);
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
