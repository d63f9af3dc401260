import { defaultSocket } from '../endpoints.ts';
import { type Problem, quote } from '../problem.ts';

/** Problems of HAProxy's stats socket and of the replies on it. `socket` is the address as the user wrote it. */

const socketLine = `In haproxy.cfg, section global: 'stats socket ${defaultSocket} mode 660 level admin'.`;

/** `missingFolder`: the folder of the path where that is not there either, so HAProxy being down does not explain it. */
export function socketMissing(socket: string, got: string, missingFolder: string | null): Problem {
  const fix =
    missingFolder === null
      ? `Is HAProxy running? ${socketLine}`
      : `There is no folder ${missingFolder}. In a container: mount there the volume that holds HAProxy's socket. Else check the path.`;
  return { code: 'socket-missing', where: socket, what: 'no such socket', got, fix };
}

export function socketNotASocket(socket: string): Problem {
  return {
    code: 'socket-not-a-socket',
    where: socket,
    what: 'this is not a socket',
    expected: 'a UNIX socket',
    fix: socketLine,
  };
}

export function socketRefused(socket: string, got: string): Problem {
  return {
    code: 'socket-refused',
    where: socket,
    what: 'nothing answers on the socket',
    got,
    fix: "Is HAProxy running, and is this the address of its 'stats socket'? (systemctl status haproxy)",
  };
}

/** The master process answers on the socket of `-S`: it balances nothing. */
export function socketMaster(socket: string): Problem {
  return {
    code: 'socket-master',
    where: socket,
    what: "this is the socket of HAProxy's master process, which has no servers",
    expected: "the address of a 'stats socket' line",
    got: 'the socket of the option -S',
    fix: socketLine,
  };
}

export function socketPermission(socket: string, user: string, got: string): Problem {
  return {
    code: 'socket-permission',
    where: socket,
    what: `user ${user} may not open the socket`,
    got,
    fix: 'Add the user to the group that owns the socket (usermod -aG haproxy USER), or run as that group.',
  };
}

/** `to`: what was tried. `level`: the level that the socket has; null where it is not known. */
export function socketLevel(socket: string, to: 'read' | 'write', level: string | null): Problem {
  return {
    code: 'socket-level',
    where: socket,
    what: `the socket does not allow ${to === 'write' ? 'changing weights' : 'reading the state of servers'}`,
    expected: to === 'write' ? 'level admin' : 'level operator or admin',
    ...(level === null ? {} : { got: `level ${level}` }),
    fix: "End its 'stats socket' line in haproxy.cfg with 'level admin' and reload HAProxy.",
  };
}

export function tooManyFiles(socket: string, got: string): Problem {
  return {
    code: 'too-many-files',
    where: socket,
    what: 'the limit of open files is reached, so the socket cannot be opened',
    got,
    fix: 'Raise the limit: LimitNOFILE= in the systemd unit, or ulimit -n.',
  };
}

/** `most`: how many connections to agents there may be. */
export function tooManyAgents(where: string, most: number): Problem {
  return {
    code: 'too-many-files',
    where,
    what: `the limit of open files allows ${most} connections to agents, and there are more agents`,
    fix: 'Raise the limit: LimitNOFILE= in the systemd unit, or ulimit -n.',
  };
}

export function haproxyTimeout(socket: string, timeoutMs: number): Problem {
  return {
    code: 'haproxy-timeout',
    where: socket,
    what: 'HAProxy did not answer in time',
    expected: `a whole reply within ${timeoutMs} ms`,
    fix: "Is another client holding its connections ('stats maxconn', 10 by default)?",
  };
}

export function haproxyIncomplete(socket: string, got: string): Problem {
  return {
    code: 'haproxy-incomplete',
    where: socket,
    what: 'the connection broke before the reply was complete',
    got,
    fix: "If it lasts: is this the address of a 'stats socket' line, without 'accept-proxy', and not that of a frontend?",
  };
}

/** A reply that cannot be understood, or is too large. `where` is the socket or the backend. */
export function haproxyReply(
  where: string,
  what: string,
  rest: Pick<Problem, 'expected' | 'got' | 'fix'> = {},
): Problem {
  return { code: 'haproxy-reply', where, what, ...rest };
}

/** An HTTP server answers: a frontend, the statistics page, or an application. `reply`: what it said. */
export function socketHttp(socket: string, reply: string): Problem {
  return haproxyReply(socket, 'this is an HTTP server, such as a frontend or the statistics page', {
    expected: "the address of a 'stats socket' line",
    got: quote(reply, 40),
    fix: socketLine,
  });
}

/** HAProxy's own words about a command that it refused, where they are none that we know. */
export function haproxyRefused(where: string, text: string): Problem {
  return { code: 'haproxy-refused', where, what: 'HAProxy refused the command', got: quote(text) };
}

/** `nbproc`, up to 2.4: a socket reaches one of the processes, and the others keep their weights. */
export function haproxyProcesses(socket: string, processes: number): Problem {
  return {
    code: 'haproxy-processes',
    where: socket,
    what: 'HAProxy runs several processes, each with weights of its own, and this socket reaches one of them',
    expected: 'one process',
    got: `nbproc ${processes}`,
    fix: "In haproxy.cfg, section global: 'nbthread' instead of 'nbproc', and no 'process' on the 'stats socket' line; restart HAProxy.",
  };
}

/** It is no reason to stop: what matters is checked in every reply. */
export function haproxyVersion(socket: string, expected: string, version: string): Problem {
  return {
    code: 'haproxy-version',
    where: socket,
    what: 'haweight is not made for this version of HAProxy; it goes on',
    expected,
    got: version,
    fix: 'Look for a newer haweight; until then watch its log for invalid replies.',
  };
}
