import { printableText } from './printable-text.ts';

/** One line for a person: what is wrong, where, what was expected, what came, how to fix it. */
export interface Problem {
  readonly code: ProblemCode;
  /** The place: a configuration key, a flag, a file, a socket, `backend/server`. */
  readonly where: string;
  /** What is wrong, in a few words. */
  readonly what: string;
  readonly expected?: string;
  readonly got?: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** Every code that a problem can carry, with its meaning. docs/operations.md lists them; a test holds it to this. */
export const problemCodes = {
  usage: 'a flag or argument is unknown, missing or impossible',
  'config-unreadable': 'the configuration file cannot be read or is not valid YAML',
  'config-invalid': 'a configuration key is unknown, of the wrong type or out of range',
  'token-missing': 'an address off loopback was given without a bearer token',
  'token-invalid': 'the bearer token was refused or is invalid',
  'token-exposed': 'every user of the machine may read a bearer token',
  'environment-unsafe': 'a variable or option of Node.js weakens the process, or makes it write secrets',
  'tls-invalid': 'a certificate, key or CA file is invalid',
  'tls-expiry': 'a certificate has expired, is not valid yet, or will expire within days',
  'tls-key-exposed': 'every user of the machine may read a private key',
  'port-in-use': 'the address to listen on is taken or not allowed',
  'socket-missing': "HAProxy's socket does not exist",
  'socket-not-a-socket': 'the path is not a socket',
  'socket-refused': "no process listens on HAProxy's socket",
  'socket-permission': "this user may not open HAProxy's socket",
  'socket-master': "the socket is that of HAProxy's master process, which has no servers",
  'socket-level': 'the socket allows reading but not changing weights (level admin is needed)',
  'too-many-files': 'this process, or the machine, may open no more files or connections',
  'haproxy-timeout': 'HAProxy did not answer in time, so its reply is unknown',
  'haproxy-incomplete': 'the connection broke before the reply was complete',
  'haproxy-reply': "HAProxy's reply could not be understood or was too large",
  'haproxy-refused': 'HAProxy refused a command',
  'haproxy-version': 'haweight is not made for this version of HAProxy; it goes on',
  'haproxy-processes': 'HAProxy runs several processes (nbproc), each with weights of its own',
  'backend-missing': 'HAProxy has no such backend',
  'backend-static': "the backend's algorithm does not take weights at run time",
  'server-missing': 'HAProxy has no such server',
  'server-agent-check': 'the server is also under agent-check, which writes the same weight',
  'server-unreadable': "HAProxy's row of the server cannot be read, or holds what haweight does not know",
  'server-srv-record': 'HAProxy may set the weight of the server from an SRV record',
  'weight-contested': 'another writer sets the same weights',
  'limits-observed':
    'limits are only observed: nothing could put the configured ones back after this controller was killed',
  'controller-running': 'another controller already sets the weights of this backend, or writes this recording',
  'name-invalid': 'a name does not fit the Runtime API',
  'agent-unreachable': 'the agent could not be reached',
  'agent-timeout': 'the agent did not answer in time',
  'agent-status': 'the agent answered with an HTTP error',
  'agent-unauthorised': 'the agent refused the bearer token, or wants one',
  'agent-certificate': 'the certificate of the agent is not trusted or for another name, or ours is refused',
  'agent-too-large': "the agent's answer is over the size limit",
  'agent-not-json': "the agent's answer is not JSON",
  'agent-schema-version': 'the agent speaks another version of the snapshot schema; a known part of it is used',
  'agent-invalid': "the agent's snapshot holds a missing, impossible or out-of-range value",
  'agent-wrong-server': 'the agent says that it is another server',
  'agent-stale': "the agent's snapshot is too old",
  'agent-not-asked': 'the server is out of rotation and its agent silent, so no tick waits for it',
  'controller-unreachable': 'no controller answers at that address',
  'controller-certificate': 'the certificate of the controller is not trusted or for another name, or ours is refused',
  'peer-invalid': "another controller's counters cannot be used",
  'peer-same': 'a peer is this controller itself, or works on the same HAProxy',
  'peer-stale': 'another controller answers, but its counters are old',
  'scope-unavailable': 'what the agent was told to measure is not there',
  'command-failed': 'the application given to the agent could not be started',
  'tick-failed': 'a defect of haweight kept a backend from its tick; its weights stay as they are',
  'tick-slow': 'ticks take longer than the period allows; the controller goes on, and sets weights less often',
  'shadow-missing': 'the controller does not compute that policy in shadow',
  'shadow-failed': 'a shadow policy failed at a tick; the policy in force is not affected',
  'record-unwritable': 'the recording cannot be written',
  'record-behind': 'ticks were left out of the recording: the disk cannot keep up, or a tick was too large',
  'recording-unreadable': 'a recording cannot be read',
  'recording-damaged': 'a recording holds a line that is cut off, or that is not a tick of haweight',
  'results-damaged': 'a file in the results of an experiment is missing, cut off or not a valid result',
  'jtl-unreadable': 'a result file of JMeter cannot be read',
  'jtl-invalid': 'the file is not a CSV result of JMeter, or lacks columns or requests',
  'jtl-assumed': 'a result file of JMeter is read under an assumption, such as the order of its columns',
  'jtl-damaged': 'a result file of JMeter holds a line that is cut off, or that is not a request',
} as const;

export type ProblemCode = keyof typeof problemCodes;

/** Longest piece of foreign text that is repeated in a message. */
const maxQuoted = 120;
/** Longest part of a message: a file's key may be as long as the file. */
const maxPart = 600;

/** The one line: `where: what; expected X, got Y; how to fix`. What a terminal obeys is shown as `?`. */
export function formatProblem(problem: Problem): string {
  const clauses = [`${clip(problem.where, maxPart)}: ${clip(problem.what, maxPart)}`];
  if (problem.expected !== undefined) clauses.push(`expected ${clip(problem.expected, maxPart)}`);
  if (problem.got !== undefined) clauses.push(`got ${clip(problem.got, maxPart)}`);
  const sentence = [clauses[0], clauses.slice(1).join(', ')].filter((part) => part !== '').join('; ');
  return problem.fix === undefined ? sentence : `${sentence}. ${clip(problem.fix, maxPart)}`;
}

/** Foreign text made safe to print: one line, nothing that a terminal obeys, at most `limit` characters. */
export function quote(text: string, limit = maxQuoted): string {
  return `"${clip(text, limit)}"`;
}

/** A foreign value made safe to print: as JSON; what is too deep for that, or holds itself, by its kind only. */
export function quoteValue(value: unknown, limit = maxQuoted): string {
  if (value === undefined) return 'nothing';
  return clip(jsonOrKind(value), limit);
}

function jsonOrKind(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return Array.isArray(value) ? 'a list' : `an ${typeof value}`;
  }
}

/** Only as much of it is looked at as can be shown: a reply may be 64 MiB long. */
function clip(text: string, limit: number): string {
  const line = oneLine(text.length > 4 * limit ? text.slice(0, 4 * limit) : text);
  return line.length > limit || text.length > 4 * limit ? `${line.slice(0, limit)}…` : line;
}

function oneLine(text: string): string {
  return printableText(text.replaceAll(/\s+/g, ' '));
}

/** Thrown only at the edge (flags, configuration, start-up); the command line prints its problem and exits. */
export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(formatProblem(problem));
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/** Process exit codes, the same for every command. */
export const exitCodes = { fine: 0, checkFailed: 1, usage: 2 } as const;
