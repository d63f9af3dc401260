import { isIP } from 'node:net';
import { isLoopback } from './listen-address.ts';

/*
 * A web page can give its own name the address 127.0.0.1 (DNS rebinding) and then read what listens there. The browser still
 * sends the page's name as Host, so a server on loopback answers only to names of its own machine.
 */

/** Where a request says that it goes. */
export interface Destination {
  /** The values of all Host headers. */
  readonly hosts: readonly string[];
  /** The host and port in a target such as `http://HOST:PORT/path`; null where the target is a path, as usual. */
  readonly authority: string | null;
  /** Of the target, without its query. */
  readonly path: string;
}

/** `target` and `rawHeaders` as Node.js gives them: names and values take turns, and a doubled header is there twice. Pure. */
export function destinationOf(target: string, rawHeaders: readonly string[]): Destination {
  const hosts = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host');
  const [, authority = null, rest = target] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target) ?? [];
  const path = rest.split('?', 1)[0] ?? '';
  return { hosts, authority, path: path === '' ? '/' : path };
}

/**
 * Why a request is not for this server, in a few words; null: it is. `names` are allowed besides loopback's, in the form of
 * `allowedNames`. A port may follow and is not compared: behind a forwarded port it is another one. Pure.
 */
export function foreignHost(
  { hosts, authority }: Pick<Destination, 'hosts' | 'authority'>,
  names: ReadonlySet<string>,
): string | null {
  if (hosts.length !== 1) return hosts.length === 0 ? 'no Host header' : `${hosts.length} Host headers`;
  const foreign = [...hosts, ...(authority === null ? [] : [authority])].find((host) => !isOwnHost(host, names));
  return foreign === undefined ? null : `Host ${printableHost(foreign)}`;
}

function isOwnHost(text: string, names: ReadonlySet<string>): boolean {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/.exec(text.trim().toLowerCase());
  if (match === null) return false;
  const [, v6, name = ''] = match;
  if (v6 !== undefined) return isIP(v6) === 6 && (isLoopbackV6(v6) || names.has(canonicalV6(v6)));
  // `localhost.` is the same name, said to be complete
  const complete = isIP(name.replace(/\.$/, '')) === 0 ? name.replace(/\.$/, '') : name;
  return isLoopback(complete) || names.has(complete);
}

function isLoopbackV6(address: string): boolean {
  const canonical = canonicalV6(address);
  // 127.0.0.0/8 as a client of an IPv6 socket may write it
  return canonical === '::1' || /^::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}$/.test(canonical);
}

/** The shortest form, as URLs have it. */
function canonicalV6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** Names to compare with: lower case, without trailing dot or brackets, IPv6 in its shortest form. */
export function allowedNames(names: readonly string[]): ReadonlySet<string> {
  return new Set(
    names.map((name) => {
      const bare = name
        .toLowerCase()
        .replace(/^\[(.*)\]$/, '$1')
        .replace(/\.$/, '');
      return isIP(bare) === 6 ? canonicalV6(bare) : bare;
    }),
  );
}

function printableHost(host: string): string {
  return `"${host.slice(0, 80).replaceAll(/[^\x21-\x7e]/g, '?')}"`;
}
