import type { HeldSnapshot } from './agent-readings.ts';
import type { ServerView } from './haproxy-view.ts';
import type { Counters } from './traffic.ts';

/** What is remembered of a server from tick to tick. */
export interface Memory {
  /** Where it is, or was before HAProxy lost its address; null before it first had one. */
  readonly at: { readonly address: string; readonly port: number | null } | null;
  readonly counters: Counters | null;
  /** Ticks in a row in which it did nothing but refuse. */
  readonly refused: number;
  readonly held: HeldSnapshot | null;
  readonly failures: number;
  /** Whether its agent answered when it was last asked. */
  readonly isAnswering: boolean;
}

const newcomer: Omit<Memory, 'at'> = { counters: null, refused: 0, held: null, failures: 0, isAnswering: false };

/**
 * What is remembered of the server that HAProxy shows now. A server is its name, its address and its port: a slot, or a name
 * in DNS, that got another machine is a newcomer. One that loses its address for a while and gets the same again is not. Pure.
 */
export function memoryOf(before: Memory | undefined, view: Pick<ServerView, 'address' | 'port'>): Memory {
  const { address, port } = view;
  const at = address === '' ? (before?.at ?? null) : { address, port };
  const isSame = before !== undefined && (before.at === null || isSamePlace(before.at, at));
  return { ...(isSame ? before : newcomer), at };
}

function isSamePlace(one: Memory['at'], other: Memory['at']): boolean {
  return one?.address === other?.address && one?.port === other?.port;
}
