import { readlinkSync } from 'node:fs';
import { z } from 'zod';
import type { HaproxyInfo } from '../../haproxy/runtime-api.ts';
import { canonicalAddress } from '../../haproxy/socket-address.ts';
import { closeConnection, connectToPeer } from '../../shared/process/peer.ts';

/** Which HAProxy a controller works on: what two of them compare that were given different addresses. */
const identitySchema = z.object({
  /** By HAProxy's clock, in seconds since 1970. */
  startedAtSeconds: z.number(),
  /** The process that began to listen on its UNIX socket, as this process namespace numbers it; null where that is unknown. */
  listener: z.object({ pid: z.number(), namespace: z.string() }).nullable(),
});
export type HaproxyIdentity = z.infer<typeof identitySchema>;

/** How far two controllers may be apart about the start of a HAProxy that tells its uptime only, in whole seconds. */
const sameStartSeconds = 2;

export function identityOf(socket: string, { startedAtSeconds, uptimeSeconds }: HaproxyInfo): HaproxyIdentity {
  return {
    startedAtSeconds: startedAtSeconds ?? Math.round(Date.now() / 1_000 - uptimeSeconds),
    listener: listenerOf(socket),
  };
}

/**
 * Whether another controller may work on this HAProxy, which has the same pid and node. Containers number their processes alike,
 * so the start tells; where several started in one second, those who listen on their sockets do, if both still run (a socket
 * that outlived a reload was opened by a process that has ended). What does not say counts as the same.
 */
export function maybeSame(said: unknown, haproxy: HaproxyInfo, own: HaproxyIdentity): boolean {
  const other = identitySchema.safeParse(said);
  if (!other.success) return true;
  const tolerance = haproxy.startedAtSeconds === undefined ? sameStartSeconds : 0;
  if (Math.abs(other.data.startedAtSeconds - own.startedAtSeconds) > tolerance) return false;
  const [one, two] = [other.data.listener, own.listener];
  if (one === null || two === null || one.namespace !== two.namespace || one.pid === two.pid) return true;
  return !isRunning(one.pid) || !isRunning(two.pid);
}

function listenerOf(socket: string): HaproxyIdentity['listener'] {
  const path = canonicalAddress(socket);
  const connection = path.startsWith('/') ? connectToPeer(path) : null;
  if (connection?.ok !== true) return null;
  closeConnection(connection.value);
  const { pid } = connection.value.peer;
  try {
    return pid === 0 ? null : { pid, namespace: readlinkSync('/proc/self/ns/pid') };
  } catch {
    return null;
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
