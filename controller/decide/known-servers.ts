import { isAnotherServer, lastPlace, type Place } from '../../shared/contract/identity.ts';
import type { Observation } from '../../shared/contract/observation.ts';
import { rememberAbsentMs } from './policies/capacity.ts';

/** What is remembered of a server to know it again. */
export interface KnownServer {
  readonly place: Place;
  /** How long HAProxy has not had it, in ms. */
  readonly absentMs: number;
}

export type KnownServers = ReadonlyMap<string, KnownServer>;

export interface Recognised {
  /** The observations as a newcomer's, where another server has the name now. */
  readonly observations: readonly Observation[];
  /** Names that belong to another server than at the tick before. */
  readonly replaced: ReadonlySet<string>;
  readonly known: KnownServers;
}

/**
 * Tells which names belong to another server now: a slot, a SRV or a DNS server that got another machine. HAProxy counts on
 * under the name, so that this tick's traffic is partly the predecessor's and says nothing. Pure.
 */
export function recognise(observations: readonly Observation[], before: KnownServers, elapsedMs: number): Recognised {
  const replaced = new Set<string>();
  const present = new Map<string, KnownServer>();
  const seen = observations.map((observation) => {
    const { server } = observation;
    const known = before.get(server);
    const isAnother = known !== undefined && isAnotherServer(known.place, observation);
    if (isAnother) replaced.add(server);
    present.set(server, { place: lastPlace(known?.place, observation), absentMs: 0 });
    return isAnother ? { ...observation, traffic: null } : observation;
  });
  return { observations: seen, replaced, known: new Map([...absent(before, present, elapsedMs), ...present]) };
}

/** Servers that HAProxy no longer has are known for as long as a policy may remember them. */
function absent(before: KnownServers, present: KnownServers, elapsedMs: number): [string, KnownServer][] {
  return [...before]
    .filter(([server]) => !present.has(server))
    .map(([server, known]): [string, KnownServer] => [server, { ...known, absentMs: known.absentMs + elapsedMs }])
    .filter(([, { absentMs }]) => absentMs <= rememberAbsentMs);
}

/** A copy without these names; the same map where none of them is in it. */
export function withoutServers<Value>(
  map: ReadonlyMap<string, Value>,
  names: ReadonlySet<string>,
): ReadonlyMap<string, Value> {
  return names.size === 0 ? map : new Map([...map].filter(([server]) => !names.has(server)));
}
