import { isIPv4, isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import { type Problem, quote } from '../shared/contract/problem.ts';
import { usage } from '../shared/contract/problems/settings.ts';
import { err, ok, type Result } from '../shared/contract/result.ts';

/** Where HAProxy's Runtime API listens. */
export type SocketAddress =
  /** The path of an abstract socket begins with NUL, as for connect(2). */
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** `sun_path` of unix(7). A path needs one byte of it for its end; a longer one would be cut and name another socket. */
const sunPathBytes = 108;

const expected = '/PATH, unix@/PATH, abns@NAME, HOST:PORT or [IPV6]:PORT';
const fix = 'Take it from the "stats socket" line in the global section of haproxy.cfg.';
const onlyTheAddress = 'Give only the address: without quotes, "stats socket" before it, or the words after it.';

/**
 * Reads what a `stats socket` line may have: `/path`, `unix@/path`, `abns@name`, `abnsz@name`, `host:port`, `[v6]:port`,
 * `*:port` (asked on loopback), and these with `ipv4@`, `ipv6@`, `tcp@` and the like before them; `unix:` and `tcp:` too.
 * `where` is the flag or key that it came from.
 */
export function parseSocketAddress(text: string, where: string): Result<SocketAddress, Problem> {
  const [, prefix = '', rest = text] = /^(?:stream\+)?([a-z0-9]+@|unix:|tcp:)(.*)$/s.exec(text) ?? [];
  const problem = (reason = fix) =>
    err(usage(where, "not an address of HAProxy's stats socket", { expected, got: quote(text), fix: reason }));
  if (isMoreThanAddress(text)) return problem(onlyTheAddress);
  switch (prefix) {
    case 'fd@':
    case 'sockpair@':
      return problem('Only the process that has this descriptor can use it: add a "stats socket" line with a path.');
    case 'abns@':
    case 'abnsz@':
      return found(abstract(rest, prefix), problem);
    case 'unix@':
    case 'unix:':
    case 'uxst@':
      return rest.startsWith('/') ? found(pathOf(rest), problem) : problem(absoluteOf(rest));
  }
  if (prefix === '' && rest.startsWith('/')) return found(pathOf(rest), problem);
  const tcp = parseTcp(prefix, rest);
  if (tcp !== null) return ok(tcp);
  return prefix === '' && looksLikePath(rest) ? problem(absoluteOf(rest)) : problem();
}

/** The same text for every way to write an address: a path, or HOST:PORT; the text itself for what else there may be. */
export function canonicalAddress(text: string): string {
  const address = parseSocketAddress(text, 'socket');
  if (!address.ok) return text;
  const { value } = address;
  if (value.kind === 'tcp') return `${value.host}:${value.port}`;
  return value.path.startsWith('/') ? value.path : text;
}

/** Copied from haproxy.cfg with what stands around it. A path may have spaces, so only HAProxy's own words tell. */
function isMoreThanAddress(text: string): boolean {
  return /^["']|^stats\s+socket\s|\s(?:mode|level|user|uid|group|gid|expose-fd|severity-output|process)\s/.test(text);
}

function found(address: SocketAddress | null, problem: () => Result<never, Problem>): Result<SocketAddress, Problem> {
  return address === null ? problem() : ok(address);
}

/** HAProxy knows what a relative path is relative to (its own folder, or `unix-bind prefix`); nobody else does. */
function absoluteOf(path: string): string {
  if (!isUsable(path) || path === '') return fix;
  return `Give the absolute path, such as ${resolve(path)}: in haproxy.cfg it is relative to HAProxy's folder, or to "unix-bind prefix".`;
}

/** `admin.sock`, `./admin.sock`, `run/admin.sock`; not `http://x` nor `127.0.0.1`. */
function looksLikePath(text: string): boolean {
  return !text.includes('//') && (text.includes('/') || /\.sock(?:et)?$/.test(text));
}

function isUsable(name: string, maxBytes = sunPathBytes - 1): boolean {
  return Buffer.byteLength(name) <= maxBytes && !/\p{Cc}/u.test(name);
}

function pathOf(path: string): SocketAddress | null {
  return isUsable(path) ? { kind: 'unix', path } : null;
}

/** `abns@` fills the name with NUL to its full length (seen on 2.6 to 3.4); `abnsz@` does not (since 3.1). */
function abstract(name: string, prefix: 'abns@' | 'abnsz@'): SocketAddress | null {
  if (name === '' || !isUsable(name)) return null;
  const path = `\0${name}`;
  if (prefix === 'abnsz@') return { kind: 'unix', path };
  return { kind: 'unix', path: path + '\0'.repeat(sunPathBytes - Buffer.byteLength(path)) };
}

const families: Readonly<Record<string, 'v4' | 'v6' | 'any'>> = {
  '': 'any',
  'tcp:': 'any',
  'ip@': 'any',
  'tcp@': 'any',
  'ipv4@': 'v4',
  'tcp4@': 'v4',
  'ipv6@': 'v6',
  'tcp6@': 'v6',
};

function parseTcp(prefix: string, text: string): SocketAddress | null {
  const family = Object.hasOwn(families, prefix) ? families[prefix] : undefined;
  // as HAProxy reads it, the last colon is before the port: `::1:9999` is port 9999 of ::1
  const match = /^(?:\[(?<bracketed>[^\]]*)\]|(?<plain>[^[\]/@\s]*)):(?<port>\d{1,5})$/.exec(text);
  const { bracketed, plain = '', port } = match?.groups ?? {};
  const number = Number(port);
  if (family === undefined || !(number >= 1 && number <= 65_535)) return null;
  const host = bracketed ?? plain;
  // What listens on every address listens on loopback.
  if (host === '*' || host === '') return bracketed === undefined ? loopback(family, number) : null;
  const isV6 = isIPv6(host);
  if (isV6 ? family === 'v4' : isIPv4(host) && family === 'v6') return null;
  if (!isV6 && (bracketed !== undefined || !/^[A-Za-z0-9._-]+$/.test(host))) return null;
  return { kind: 'tcp', host, port: number };
}

function loopback(family: 'v4' | 'v6' | 'any', port: number): SocketAddress {
  return { kind: 'tcp', host: family === 'v6' ? '::1' : '127.0.0.1', port };
}
