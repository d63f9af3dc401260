import type { IncomingMessage } from 'node:http';
import { type Answer, plain, type Route } from './answer.ts';
import { destinationOf, foreignHost } from './host-check.ts';
import { bearerMatches } from './token.ts';

export interface Site {
  /** Asked of every request but /healthz; null: none is wanted. */
  readonly token: string | null;
  /** Path to route; every route answers GET and HEAD. */
  readonly routes: Readonly<Record<string, Route>>;
}

/** Ends the connection after the answer. */
export const lastAnswer = { connection: 'close' } as const;

/**
 * The answer to a request that the limits let through. `names`: the Host names that are answered, null: all. `onToken` is called where
 * it carries the token.
 */
export async function respond(
  request: IncomingMessage,
  { token, routes }: Site,
  names: ReadonlySet<string> | null,
  onToken: () => void,
): Promise<Answer> {
  if (hasBody(request)) return { ...plain('no bodies here', 413), headers: lastAnswer };
  if (!/^(100-continue)?$/i.test(request.headers.expect ?? '')) {
    return { ...plain('nothing to expect but 100-continue', 417), headers: lastAnswer };
  }
  const destination = destinationOf(request.url ?? '/', request.rawHeaders);
  if (destination.hosts.length === 0 && request.httpVersion !== '1.0') {
    return { ...plain('no Host header', 400), headers: lastAnswer };
  }
  const foreign = names === null ? null : foreignHost(destination, names);
  if (foreign !== null) return wrongHost(foreign);
  const { path } = destination;
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  const isToken = token !== null && bearerMatches(request.headers.authorization, token);
  if (isToken) onToken();
  if (path !== '/healthz' && token !== null && !isToken) {
    return plain('a bearer token is needed: Authorization: Bearer TOKEN', 401);
  }
  if (route === undefined) return plain(`no such path; there is ${Object.keys(routes).join(', ')}`, 404);
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain('only GET', 405);
  return await route();
}

function wrongHost(got: string): Answer {
  const fix = 'ask by 127.0.0.1, [::1] or localhost, set a token, or allow the name: --allow-host NAME';
  const line = `this address answers its own machine only; expected a Host of loopback, got ${got}; ${fix}`;
  return { ...plain(line, 421), headers: lastAnswer };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
