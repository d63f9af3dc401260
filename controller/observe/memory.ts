import { isAnotherServer, lastPlace, type Place } from '../../shared/contract/identity.ts';
import type { HeldSnapshot } from './agent-readings.ts';
import type { Counters } from './traffic.ts';

/** What is remembered of a server from tick to tick. */
export interface Memory {
  /** Where it is, or was before HAProxy lost its address. */
  readonly at: Place;
  readonly counters: Counters | null;
  readonly held: HeldSnapshot | null;
  readonly failures: number;
  /** Whether its agent answered when it was last asked. */
  readonly isAnswering: boolean;
}

const newcomer: Omit<Memory, 'at'> = { counters: null, held: null, failures: 0, isAnswering: false };

/**
 * What is remembered of the server that HAProxy shows now. A server is its name, its address and its port: a slot, or a name
 * in DNS, that got another machine is a newcomer. One that loses its address for a while and gets the same again is not. Pure.
 */
export function memoryOf(before: Memory | undefined, { address, port }: Place): Memory {
  const isKnown = before !== undefined && !isAnotherServer(before.at, { address, port });
  return { ...(isKnown ? before : newcomer), at: lastPlace(before?.at, { address, port }) };
}
