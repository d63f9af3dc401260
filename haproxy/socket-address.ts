import { isIPv6 } from 'node:net';
import { type Problem, quote } from '../shared/contract/problem.ts';
import { usage } from '../shared/contract/problems/settings.ts';
import { err, ok, type Result } from '../shared/contract/result.ts';

/** Where HAProxy's Runtime API listens. */
export type SocketAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** `sun_path` of unix(7) holds 108 bytes with its end; a longer path would be cut and name another socket. */
const maxPathBytes = 107;

/**
 * Reads `/path`, `unix:/path`, `unix@/path`, `host:port`, `[v6]:port`, and these with HAProxy's `ipv4@`, `ipv6@`
 * or `tcp:` before them. `where` is the flag or key that it came from.
 */
export function parseSocketAddress(text: string, where: string): Result<SocketAddress, Problem> {
  const path = /^(?:unix[:@])?(\/.*)$/s.exec(text)?.[1];
  const address = path === undefined ? parseTcp(text) : parsePath(path);
  if (address !== null) return ok(address);
  const expected = '/PATH, unix@/PATH, HOST:PORT or [IPV6]:PORT';
  const fix = 'Take it from the "stats socket" line in the global section of haproxy.cfg.';
  return err(usage(where, "not an address of HAProxy's stats socket", { expected, got: quote(text), fix }));
}

function parsePath(path: string): SocketAddress | null {
  const usable = Buffer.byteLength(path) <= maxPathBytes && !/\p{Cc}/u.test(path);
  return usable ? { kind: 'unix', path } : null;
}

function parseTcp(text: string): SocketAddress | null {
  const match =
    /^(?<family>tcp:|ipv4@|ipv6@)?(?:\[(?<bracketed>[^\]]*)\]|(?<plain>[^[\]/@\s]+)):(?<port>\d{1,5})$/.exec(text);
  const { family, bracketed, plain = '', port } = match?.groups ?? {};
  const host = bracketed ?? plain;
  const number = Number(port);
  if (!(number >= 1 && number <= 65_535)) return null;
  const isV6 = isIPv6(host);
  // Only `ipv6@` may go without brackets: HAProxy itself writes it so, and elsewhere `a:b:1` would be a guess.
  if (isV6 ? family === 'ipv4@' || (bracketed === undefined && family !== 'ipv6@') : family === 'ipv6@') return null;
  return isV6 || /^[A-Za-z0-9._-]+$/.test(host) ? { kind: 'tcp', host, port: number } : null;
}
