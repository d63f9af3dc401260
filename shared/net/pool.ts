import type { Agent } from 'node:http';

/** How many connections a pool has, idle ones included. */
export function socketsOf({ sockets, freeSockets }: Agent): number {
  const count = (lists: Agent['sockets']) => Object.values(lists).reduce((sum, list) => sum + (list?.length ?? 0), 0);
  return count(sockets) + count(freeSockets);
}

/** Closes those that no request uses. */
export function closeIdleOf({ freeSockets }: Agent): void {
  for (const sockets of Object.values(freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}
