import type { Problem } from '../shared/contract/problem.ts';
import { backendMissing, backendStatic, serverMissing } from '../shared/contract/problems/backend.ts';
import { haproxyRefused, socketLevel } from '../shared/contract/problems/haproxy-socket.ts';

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
  {
    pattern: /permission denied/i,
    problem: ({ socket, writes }) => socketLevel(socket, writes ? 'write' : 'read', null),
  },
  // HAProxy does not name the algorithm here
  { pattern: /using a static LB algorithm/i, problem: ({ backend = '' }) => backendStatic(backend, null) },
  {
    pattern: /no such (?:backend|proxy)|can't find backend/i,
    problem: ({ backend = '', socket }) => backendMissing(backend, socket),
  },
  { pattern: /no such server/i, problem: (asked) => serverMissing(placeOf(asked)) },
];

/** The problem that HAProxy's text tells of, or null where the text is none of its known refusals. */
export function recogniseRefusal(text: string, asked: Asked): Problem | null {
  return refusals.find(({ pattern }) => pattern.test(text))?.problem(asked) ?? null;
}

/** For text that is not data: a known refusal, or its words repeated. */
export function refusalProblem(text: string, asked: Asked): Problem {
  return recogniseRefusal(text, asked) ?? haproxyRefused(placeOf(asked), text);
}

function placeOf({ server, backend, socket }: Asked): string {
  return server ?? backend ?? socket;
}
