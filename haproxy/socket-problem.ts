import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import type { Problem } from '../shared/contract/problem.ts';
import {
  haproxyIncomplete,
  haproxyTimeout,
  socketMissing,
  socketNotASocket,
  socketPermission,
  socketRefused,
  tooManyFiles,
} from '../shared/contract/problems/haproxy-socket.ts';
import type { SocketAddress } from './socket-address.ts';

/** The exchange that failed: the socket as messages name it, where it is, and the deadline in ms. */
interface Failed {
  readonly where: string;
  readonly address: SocketAddress;
  readonly timeoutMs: number;
}

/** What a failed connection means to the person who has to fix it. */
export async function socketProblem(error: NodeJS.ErrnoException, failed: Failed): Promise<Problem> {
  const { where, address, timeoutMs } = failed;
  const code = error.code ?? error.message;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return socketMissing(where, code, missingFolder(address));
    case 'EACCES':
    case 'EPERM':
      return socketPermission(where, userName(), code);
    case 'ECONNRESET':
    case 'EPIPE':
      return haproxyIncomplete(where, code);
    case 'EMFILE':
    case 'ENFILE':
      return tooManyFiles(where, code);
    // A full accept queue of a UNIX socket, which TCP would simply have waited for.
    case 'EAGAIN':
      return haproxyTimeout(where, timeoutMs);
  }
  const isPlainFile = address.kind === 'unix' && !(await isSocket(address.path));
  return isPlainFile ? socketNotASocket(where) : socketRefused(where, code);
}

/** Without its folder, HAProxy is not just down: the path is mistyped, or a container lacks its volume. */
function missingFolder(address: SocketAddress): string | null {
  return address.kind !== 'unix' || existsSync(dirname(address.path)) ? null : dirname(address.path);
}

async function isSocket(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isSocket();
  } catch {
    // It has vanished since, or may not be looked at: no reason to doubt that it is one.
    return true;
  }
}

/** A user id without an entry in the password database has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.());
  }
}
