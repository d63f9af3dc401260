import { agentPort } from '../endpoints.ts';
import { type Problem, quote } from '../problem.ts';

/** Problems of an agent, as the one that asks it sees them. `url` is where it was asked. */

const noRoute = 'Is the machine up, and is there a route to it? A firewall that rejects the port looks the same.';
const notResolved = "Check the host name in the agent's URL.";
/** By the system's code. A firewall that drops packets shows as a time-out: `agentTimeout`. */
const whyUnreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'Is the agent running there? Unless --listen says otherwise it serves its own machine (127.0.0.1) only.',
  EHOSTUNREACH: noRoute,
  ENETUNREACH: noRoute,
  EHOSTDOWN: noRoute,
  ENOTFOUND: notResolved,
  EAI_AGAIN: notResolved,
};

export function agentUnreachable(url: string, got: string, hint: string | null = null): Problem {
  const fix = hint ?? whyUnreachable[got] ?? 'Is it the agent that listens there? Look at its log.';
  return { code: 'agent-unreachable', where: url, what: 'the agent cannot be reached', got, fix };
}

/** HAProxy knows the server by a UNIX socket, or by a name that is not resolved yet. */
export function agentAddressUnknown(server: string, address: string): Problem {
  return {
    code: 'agent-unreachable',
    where: server,
    what: 'HAProxy gives no IP address to ask its agent at',
    got: quote(address),
    fix: `Name its agent: --agent ${server}=http://HOST:${agentPort}`,
  };
}

export function agentTimeout(url: string, timeoutMs: number): Problem {
  const expected = `an answer within ${timeoutMs} ms`;
  const fix = 'Does a firewall drop packets to its port? Is the agent or its machine overloaded?';
  return { code: 'agent-timeout', where: url, what: 'the agent did not answer in time', expected, fix };
}

const noConnection = 'it was not asked in time: other agents hang on all connections that there may be';

/** `most`: how many connections to agents there may be. Of the same code as that of those that hang: they take turns. */
export function agentNoConnection(url: string, most: number): Problem {
  const fix = 'Why do so many hang? Or raise the limit of open files: LimitNOFILE= in the systemd unit, or ulimit -n.';
  return { code: 'agent-timeout', where: url, what: noConnection, got: `${most} connections`, fix };
}

export function hadNoConnection({ what }: Problem): boolean {
  return what === noConnection;
}

export function agentCertificate(url: string, fault: Omit<Problem, 'code' | 'where'>): Problem {
  return { code: 'agent-certificate', where: url, ...fault };
}

export function agentUnauthorised(url: string, status: number): Problem {
  return {
    code: 'agent-unauthorised',
    where: url,
    what: 'the agent refused the bearer token, or wants one',
    got: `HTTP ${status}`,
    fix: "Give the controller the agents' token: --agent-token-file FILE or HAWEIGHT_AGENT_TOKEN.",
  };
}

export function agentStatus(url: string, status: number, body: string): Problem {
  const got = `HTTP ${status} ${quote(body, 80)}`;
  return { code: 'agent-status', where: url, what: 'the agent answered with an error', expected: 'HTTP 200', got };
}

export function agentTooLarge(url: string, maxBytes: number): Problem {
  const expected = `at most ${maxBytes} bytes`;
  return { code: 'agent-too-large', where: url, what: 'the answer is too large', expected };
}

export function agentNotJson(url: string, contentType: string, body: string): Problem {
  return {
    code: 'agent-not-json',
    where: url,
    what: 'the answer is not JSON',
    expected: 'a snapshot',
    got: `${quote(contentType || 'no content type', 60)} ${quote(body, 60)}`,
    fix: 'Does another program than the agent listen there?',
  };
}

export function agentSchemaVersion(url: string, oldest: number, got: string): Problem {
  return {
    code: 'agent-schema-version',
    where: url,
    what: 'the answer is not of a version of the snapshot schema that this controller reads',
    expected: `version ${oldest} or newer`,
    got,
    fix: 'Upgrade the agent, or does another program than the agent listen there?',
  };
}

export function agentInvalid(url: string, got: string): Problem {
  return { code: 'agent-invalid', where: url, what: 'the snapshot holds an invalid value', got: quote(got) };
}

export function agentWrongServer(url: string, server: string, got: string): Problem {
  return {
    code: 'agent-wrong-server',
    where: url,
    what: 'this is the agent of another server',
    expected: quote(server),
    got: quote(got, 60),
    fix: "Check the agent's --name and the address that is asked. An agent for several servers of a machine has no --name.",
  };
}

/** One agent for several servers that says the name of one: the others may not believe it. */
export function agentOfSeveral(url: string, servers: readonly string[], got: string | undefined): Problem {
  return {
    code: 'agent-wrong-server',
    where: url,
    what: `one agent answers for ${servers.length} servers, but says that it is one of them or another`,
    expected: 'an agent without --name, or one agent for each server',
    ...(got === undefined ? {} : { got }),
    fix: `Start it without --name: then ${servers.join(', ')} share its cores.`,
  };
}

/** A server out of rotation, such as an empty slot: no failure. */
export function agentNotAsked(server: string): Problem {
  return {
    code: 'agent-not-asked',
    where: server,
    what: 'it is out of rotation, so no tick waits for its agent',
  };
}

/** An agent before or after this controller in a rolling upgrade: its snapshot is used. */
export function agentOfOtherVersion(url: string, own: number, got: number): Problem {
  const isOlder = got < own;
  return {
    code: 'agent-schema-version',
    where: url,
    what: isOlder
      ? 'the agent is older than this controller; its snapshots are used, without what it does not report yet'
      : 'the agent is newer than this controller; its snapshots are used, without what this controller does not know',
    expected: `version ${own} of the snapshot schema`,
    got: `version ${got}`,
    fix: isOlder ? 'Upgrade the agent.' : 'Upgrade the controller.',
  };
}

export interface OldSample {
  /** How old it is, in ms; null where none has come yet. */
  readonly ageMs: number | null;
  /** The oldest that counts, in ms. */
  readonly staleAfterMs: number;
  /** The age that the agent gives a sample that it has sent before, in ms; null where it was not sent before. */
  readonly repeatedAsMs: number | null;
}

export function agentStale(url: string, { ageMs, staleAfterMs, repeatedAsMs }: OldSample): Problem {
  return {
    code: 'agent-stale',
    where: url,
    what:
      repeatedAsMs === null
        ? 'the agent answers, but its sample is too old'
        : `the agent sends the same sample again and again and calls it ${Math.round(repeatedAsMs)} ms old`,
    expected: `at most ${staleAfterMs} ms`,
    got: ageMs === null ? 'none' : `${Math.round(ageMs)} ms`,
    fix: 'Restart the agent and look at its log.',
  };
}

/** More than half of a backend's agents are silent: nothing is written until they answer. */
export function agentsSilent(backend: string, fresh: number, asked: number): Problem {
  return {
    code: 'agent-stale',
    where: `backend ${backend}`,
    what: 'waiting for agents; until at least half of them answer, weights are only cut for errors',
    expected: `${Math.ceil(asked / 2)} of ${asked} with a fresh snapshot`,
    got: `${fresh}`,
    fix: 'Start haweight agent on each server; `haweight doctor` asks each one.',
  };
}
