import { isIP } from 'node:net';
import { agentPort } from '../contract/endpoints.ts';
import { ProblemError } from '../contract/problem.ts';
import { invalidFlag } from '../contract/problems/settings.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[v6]:port`, `port` or `:port` (loopback). Port 0 lets the system choose. */
export function parseListenAddress(text: string, where: string): ListenAddress {
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[^:[\]]*):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    const expected = `HOST:PORT, such as 127.0.0.1:${agentPort} or [::1]:${agentPort}`;
    throw new ProblemError(invalidFlag(where, expected, text));
  }
  const host = (match[1] ?? '').replaceAll(/[[\]]/g, '');
  return { host: host === '' ? '127.0.0.1' : host, port };
}

export function formatListenAddress({ host, port }: ListenAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Loopback addresses cannot be reached from another machine. A name other than localhost counts as reachable. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
