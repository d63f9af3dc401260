import { endianness } from 'node:os';
import { err, ok, type Result } from '../contract/result.ts';
import { closeOnExec, type LibC, loadLibC, nonBlocking } from './libc.ts';
import { unixAddress, unixFamily } from './unix-address.ts';

/** Constants of <sys/socket.h> and <errno.h> on Linux. */
const streamType = 1;
const socketLevel = 1;
const peerCredentials = 17;
const peerGroups = 59;
/** What connect(2) fails with where nobody listens, and where nobody accepts (unix(7)). */
const failures: ReadonlyMap<number, NoPeer> = new Map([
  [111, 'refused'],
  [11, 'busy'],
]);
/** A `struct ucred`: pid, uid, gid. */
const credentialBytes = 12;
/** Users in more groups count as in none but their first. */
const maxGroups = 1_024;

/** The process that began to listen, as the kernel noted it then and our user and process namespaces show it. */
export interface Peer {
  /** 0: in another process namespace. */
  readonly pid: number;
  readonly uid: number;
  /** Its own group first. */
  readonly gids: readonly number[];
}

/** A connection, which its receiver closes. */
export interface PeerConnection {
  readonly fd: number;
  readonly peer: Peer;
}

/** No process listens there; it accepts no connection; or libc does not tell who it is. */
export type NoPeer = 'refused' | 'busy' | 'unknown';

/** libc; null where it cannot be called. */
let libc: LibC | null | undefined;

/**
 * Connects to a UNIX socket and tells who listens there, which Node.js cannot (SO_PEERCRED and SO_PEERGROUPS of socket(7),
 * unix(7)). Does not wait. Throws nothing.
 */
export function connectToPeer(address: string): Result<PeerConnection, NoPeer> {
  const bytes = unixAddress(address);
  libc ??= libcOrNull();
  if (libc === null || bytes === null) return err('unknown');
  const fd = libc.socket(unixFamily, streamType | closeOnExec | nonBlocking, 0);
  if (fd < 0) return err('unknown');
  const failure = libc.connect(fd, bytes, bytes.length) === 0 ? null : libc.errno();
  const peer = failure === null ? peerOf(libc, fd) : null;
  if (peer !== null) return ok({ fd, peer });
  libc.close(fd);
  return err(failures.get(failure ?? 0) ?? 'unknown');
}

export function closeConnection({ fd }: PeerConnection): void {
  libc?.close(fd);
}

function libcOrNull(): LibC | null {
  try {
    return loadLibC();
  } catch {
    return null;
  }
}

function peerOf(api: LibC, fd: number): Peer | null {
  const credentials = option(api, fd, peerCredentials, credentialBytes);
  const [pid, uid, gid] = credentials;
  if (pid === undefined || uid === undefined || gid === undefined) return null;
  return { pid, uid, gids: [gid, ...option(api, fd, peerGroups, 4 * maxGroups)] };
}

/** An option that is a list of 32-bit numbers; empty where the kernel does not have it. */
function option(api: LibC, fd: number, name: number, bytes: number): readonly number[] {
  const value = new Uint8Array(bytes);
  const length = new Uint32Array([bytes]);
  if (api.getsockopt(fd, socketLevel, name, value, length) !== 0) return [];
  const view = new DataView(value.buffer);
  return Array.from({ length: (length[0] ?? 0) / 4 }, (_, index) => view.getUint32(4 * index, endianness() === 'LE'));
}
