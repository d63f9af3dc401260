import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import type { Problem } from '../shared/contract/problem.ts';
import type { SocketAddress } from './socket-address.ts';

const configure = "In haproxy.cfg, section global: 'stats socket /run/haproxy/admin.sock mode 660 level admin'";

/** The exchange that failed: the socket as messages name it, where it is, and the deadline in ms. */
interface Failed {
  readonly where: string;
  readonly address: SocketAddress;
  readonly timeoutMs: number;
}

/** What a failed connection means to the person who has to fix it. */
export async function socketProblem(error: NodeJS.ErrnoException, failed: Failed): Promise<Problem> {
  const { where, address } = failed;
  const code = error.code ?? error.message;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return {
      code: 'socket-missing',
      where,
      what: 'no such socket',
      got: code,
      fix: missingFolder(address) ?? `Is HAProxy running? ${configure}.`,
    };
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return {
      code: 'socket-permission',
      where,
      what: `user ${userName()} may not open the socket`,
      got: code,
      fix: 'Add the user to the group that owns the socket (usermod -aG haproxy USER), or run as that group.',
    };
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') return brokenProblem(failed, code);
  if (code === 'EMFILE' || code === 'ENFILE') {
    return {
      code: 'too-many-files',
      where,
      what: 'no more files may be opened, so the socket cannot be either',
      got: code,
      fix: 'Raise the limit: LimitNOFILE= in the systemd unit, or ulimit -n.',
    };
  }
  // A full accept queue of a UNIX socket, which TCP would simply have waited for.
  if (code === 'EAGAIN') return timeoutProblem(failed);
  if (address.kind === 'unix' && !(await isSocket(address.path))) {
    return {
      code: 'socket-not-a-socket',
      where,
      what: 'this is no socket',
      expected: 'a UNIX socket',
      fix: `${configure}.`,
    };
  }
  return {
    code: 'socket-refused',
    where,
    what: 'nobody answers on the socket',
    got: code,
    fix: `Is HAProxy running, and is this the address of its 'stats socket'? (systemctl status haproxy)`,
  };
}

export function timeoutProblem({ where, timeoutMs }: Pick<Failed, 'where' | 'timeoutMs'>): Problem {
  return {
    code: 'haproxy-timeout',
    where,
    what: 'HAProxy did not answer in time',
    expected: `a whole reply within ${timeoutMs} ms`,
    fix: "Is another client holding its connections ('stats maxconn', 10 by default)?",
  };
}

export function brokenProblem({ where }: Pick<Failed, 'where'>, how: string): Problem {
  return { code: 'haproxy-incomplete', where, what: 'the connection broke before the reply was complete', got: how };
}

export function tooLargeProblem(where: string, maxReplyBytes: number): Problem {
  return {
    code: 'haproxy-reply',
    where,
    what: 'the reply is too large',
    expected: `at most ${maxReplyBytes} bytes`,
    fix: "Is this HAProxy's stats socket?",
  };
}

/** A folder that is not there is no HAProxy that is down: it is a path mistyped, or a container without its volume. */
function missingFolder(address: SocketAddress): string | null {
  if (address.kind !== 'unix' || existsSync(dirname(address.path))) return null;
  const folder = dirname(address.path);
  return `There is no folder ${folder}. In a container: mount there the volume that HAProxy has its socket in. Else check the path.`;
}

async function isSocket(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isSocket();
  } catch {
    // It vanished since, or may not be looked at: no reason to doubt that it is one.
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
