import { isIP } from 'node:net';
import type { Problem } from '../../shared/contract/problem.ts';
import { agentAddressUnknown } from '../../shared/contract/problems/agent.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';

/** Where a server's agent answers: named in the configuration, else from the template and HAProxy's address. */
export function agentUrl(
  server: { readonly name: string; readonly address: string },
  template: string,
  configured: Readonly<Record<string, string>>,
): Result<string, Problem> {
  const named = Object.hasOwn(configured, server.name) ? configured[server.name] : undefined;
  if (named !== undefined) return ok(trimSlash(named));
  const version = isIP(server.address);
  if (version === 0 && template.includes('{address}')) {
    return err(agentAddressUnknown(server.name, server.address));
  }
  const host = version === 6 ? `[${server.address}]` : server.address;
  return ok(trimSlash(template.replaceAll('{address}', host).replaceAll('{server}', encodeURIComponent(server.name))));
}

function trimSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
