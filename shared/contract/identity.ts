import type { Observation } from './observation.ts';

/** Where a server is. With its name that is what makes it the server that it is. */
export type Place = Pick<Observation, 'address' | 'port'>;

/**
 * Whether another server has the name now: it has another address, or another port. A server that has no address for a while
 * and then the same one again is the same server; so is one whose port is not known. Pure.
 */
export function isAnotherServer(before: Place, now: Place): boolean {
  if (before.address === '' || now.address === '') return false;
  return before.address !== now.address || (before.port !== null && now.port !== null && before.port !== now.port);
}

/** The last that is known of where a server is. */
export function lastPlace(before: Place | undefined, { address, port }: Place): Place {
  if (before === undefined || isAnotherServer(before, { address, port })) return { address, port };
  return { address: address === '' ? before.address : address, port: port ?? before.port };
}
