import { type Problem, quote } from '../shared/contract/problem.ts';

/** What was asked, to say what a refusal was about. */
export interface Asked {
  /** The socket as the user wrote it. */
  readonly socket: string;
  readonly backend?: string;
  /** `backend/server` where one server only was asked about. */
  readonly server?: string;
  readonly writes: boolean;
}

/**
 * HAProxy's error texts are plain text among the data, so they are known by their words. A batch may bring several: the
 * one that explains the most comes first. 2.6, 3.0, 3.2 and 3.4 have the same ones; what another version words
 * differently becomes `haproxy-refused`, with the text quoted.
 */
const refusals: readonly { readonly pattern: RegExp; readonly problem: (asked: Asked) => Problem }[] = [
  { pattern: /permission denied/i, problem: levelProblem },
  {
    pattern: /using a static LB algorithm/i,
    problem: ({ backend, socket }) => ({
      code: 'backend-static',
      where: backend ?? socket,
      what: "the backend's balancing algorithm takes no weights at run time",
      expected: 'balance roundrobin, leastconn, random or a hash with "hash-type consistent"',
      fix: 'Change "balance" in haproxy.cfg and reload HAProxy.',
    }),
  },
  {
    pattern: /no such (?:backend|proxy)|can't find backend/i,
    problem: ({ backend, socket }) => ({
      code: 'backend-missing',
      where: backend ?? socket,
      what: `HAProxy at ${socket} has no such backend`,
      fix: `The names are in: echo 'show backend' | socat stdio ${socket}`,
    }),
  },
  {
    pattern: /no such server/i,
    problem: ({ backend, server, socket }) => ({
      code: 'server-missing',
      where: server ?? backend ?? socket,
      what: server === undefined ? 'HAProxy has not all of these servers' : 'HAProxy has no such server',
    }),
  },
];

/** The problem that HAProxy's text tells of, or null where the text is none of its known refusals. */
export function recogniseRefusal(text: string, asked: Asked): Problem | null {
  return refusals.find(({ pattern }) => pattern.test(text))?.problem(asked) ?? null;
}

/** For text that is no data: a known refusal, or its words repeated. */
export function refusalProblem(text: string, asked: Asked): Problem {
  const known = recogniseRefusal(text, asked);
  if (known !== null) return known;
  const { server, backend, socket } = asked;
  return {
    code: 'haproxy-refused',
    where: server ?? backend ?? socket,
    what: 'HAProxy refused the command',
    got: quote(text),
  };
}

function levelProblem({ socket, writes }: Asked): Problem {
  return {
    code: 'socket-level',
    where: socket,
    what: writes
      ? 'the socket does not allow changing weights'
      : 'the socket does not allow reading the state of servers',
    expected: writes ? 'level admin' : 'level operator or admin',
    fix: "End its 'stats socket' line in haproxy.cfg with 'level admin' and reload HAProxy.",
  };
}
