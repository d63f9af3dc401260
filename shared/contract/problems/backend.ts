import { nameAlphabet } from '../limits.ts';
import { type Problem, quote } from '../problem.ts';

/** Problems of a backend and its servers in HAProxy. */

/** `backends`: those that HAProxy has, the likeliest first, where they are known. */
export function backendMissing(backend: string, socket: string, backends: readonly string[] | null = null): Problem {
  return {
    code: 'backend-missing',
    where: `backend ${backend}`,
    what: `HAProxy at ${socket} has no such backend`,
    ...(backends === null ? {} : { expected: oneOf(backends) }),
    fix: `The names are in: echo 'show backend' | socat stdio ${socket}`,
  };
}

const mostNames = 8;

function oneOf(names: readonly string[]): string {
  if (names.length === 0) return 'one of none: HAProxy has no backend';
  const shown = names.slice(0, mostNames).map((name) => quote(name, 40));
  const more = names.length - shown.length;
  return `one of ${shown.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}

/** `disabled` in the section of a backend: HAProxy knows its servers, but sends them nothing and counts nothing. */
export function backendDisabled(backend: string): Problem {
  return {
    code: 'backend-missing',
    where: `backend ${backend}`,
    what: 'HAProxy lists its servers but does not use it',
    got: 'probably "disabled" in its section of haproxy.cfg',
    fix: 'Remove "disabled" and reload HAProxy, or name another backend.',
  };
}

export function backendNotRecorded(backend: string, recorded: readonly string[]): Problem {
  return {
    code: 'backend-missing',
    where: '--backend',
    what: 'the recording has no such backend',
    expected: `one of ${recorded.slice(0, 8).join(', ')}`,
    got: quote(backend),
  };
}

/** Its algorithm refuses weights at run time. `algorithm` is null where HAProxy does not name it. */
export function backendStatic(backend: string, algorithm: string | null): Problem {
  return unsuitable(backend, 'its balancing algorithm does not take weights at run time', algorithm);
}

/** `balance first` takes weights and ignores them. */
export function weightsIgnored(backend: string, algorithm: string | null): Problem {
  return unsuitable(backend, 'its balancing algorithm ignores weights', algorithm);
}

function unsuitable(backend: string, what: string, algorithm: string | null): Problem {
  return {
    code: 'backend-static',
    where: `backend ${backend}`,
    what,
    expected: 'balance roundrobin, leastconn, random, or a hash with "hash-type consistent"',
    ...(algorithm === null ? {} : { got: quote(algorithm) }),
    fix: 'Change "balance" in haproxy.cfg and reload HAProxy.',
  };
}

/** `where` is `backend/server`, or the backend where one of several servers is missing. */
export function serverMissing(where: string): Problem {
  return { code: 'server-missing', where, what: 'HAProxy has no such server' };
}

/** Two writers on one weight: agent-check overwrites ours at every agent-inter. */
export function serversUnderAgentCheck(backend: string, servers: readonly string[]): Problem {
  const [first = ''] = servers;
  return {
    code: 'server-agent-check',
    where: placeOf(backend, servers),
    what: 'agent-check writes the same weight, so haweight leaves a server that has it alone',
    expected: 'one writer for each weight',
    got: '"agent-check" on the server line, or in "default-server"',
    fix: `Remove agent-check there and reload, or send "disable agent ${backend}/${first}" to the socket.`,
  };
}

const ignoreWeight = "Add 'resolve-opts ignore-weight' to its 'server-template' or 'server' line and reload HAProxy.";

/** HAProxy itself writes the weights of servers from SRV records, unless told not to; its socket does not show which. */
export function serversFromSrvRecord(backend: string, servers: readonly string[], record: string): Problem {
  return {
    code: 'server-srv-record',
    where: placeOf(backend, servers),
    what: 'HAProxy sets the weight of a server from an SRV record anew at every answer of the DNS',
    expected: "'resolve-opts ignore-weight' on its line",
    got: `servers of ${quote(record, 80)}`,
    fix: `${ignoreWeight} If it is there, all is well.`,
  };
}

/** Another writer changes weights of this backend again and again. `srvRecord`: where the servers come from one; null: no. */
export function weightContested(backend: string, servers: readonly string[], srvRecord: string | null = null): Problem {
  const where = placeOf(backend, servers);
  const expected = 'one writer for each weight';
  if (srvRecord !== null) {
    const what = 'HAProxy sets this weight from its SRV record too, so haweight mostly leaves it alone';
    return { code: 'weight-contested', where, what, expected, got: quote(srvRecord, 80), fix: ignoreWeight };
  }
  return {
    code: 'weight-contested',
    where,
    what: 'another writer changes this weight too, so haweight mostly leaves it alone',
    expected,
    fix: 'Stop the other writer (a script, another controller, an ingress controller, an operator), or take its servers out of this backend.',
  };
}

/** HAProxy's row of one server is not as it should be: the server is left alone until it is. */
export function serverUnreadable(backend: string, server: string, fault: string): Problem {
  return {
    code: 'server-unreadable',
    where: `${backend}/${server}`,
    what: 'what HAProxy says of this server cannot be read, so haweight leaves it alone',
    got: quote(fault),
    fix: 'Look for a newer haweight; if there is none, report it with the output of "show servers state" and "show stat".',
  };
}

/** A bit that haweight does not know says nothing: `show stat` tells whether the server takes requests. */
export function serverStateUnknown(backend: string, server: string, bits: number): Problem {
  return {
    code: 'server-unreadable',
    where: `${backend}/${server}`,
    what: 'its admin state has bits that haweight does not know; it goes by the status in "show stat"',
    expected: 'bits of 0x7f',
    got: `0x${bits.toString(16)}`,
    fix: 'Look for a newer haweight.',
  };
}

function placeOf(backend: string, [first = '', ...more]: readonly string[]): string {
  return `${backend}/${first}${more.length === 0 ? '' : ` and ${more.length} more`}`;
}

export function nameInvalid(kind: 'backend' | 'server', name: string, maxLength: number): Problem {
  return {
    code: 'name-invalid',
    where: `${kind} ${quote(name)}`,
    what: 'the name does not fit the Runtime API',
    expected: `1 to ${maxLength} characters: ${nameAlphabet}`,
  };
}

/** A policy, or other code of haweight, has thrown. */
export function tickFailed(backend: string, error: unknown): Problem {
  return {
    code: 'tick-failed',
    where: `backend ${backend}`,
    what: 'a defect of haweight stopped this tick, so the weights stay as they are',
    got: quote(error instanceof Error ? error.message : String(error)),
    fix: 'Report it with the line `tick failed` of the log; the next tick tries again.',
  };
}
