import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ProblemError } from '../contract/problem.ts';
import { formatListenAddress, isLoopback, type ListenAddress } from './listen-address.ts';
import { bearerMatches } from './token.ts';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export type Route = () => Answer | Promise<Answer>;

export interface HttpServerOptions {
  readonly listen: ListenAddress;
  /** Asked of every request but /healthz; null: none is wanted. */
  readonly token: string | null;
  /** Off loopback without a token only when this says so. */
  readonly insecure: boolean;
  /** Where the token comes from, for the message that says it is missing. */
  readonly tokenHint: string;
  /** Path to route; every route answers GET and HEAD. */
  readonly routes: Readonly<Record<string, Route>>;
  readonly onError: (error: unknown) => void;
}

export interface HttpServer extends AsyncDisposable {
  readonly address: ListenAddress;
  readonly url: string;
  close(): Promise<void>;
}

// Not `import`: linking an ES module reads every export, and two of http's load the fetch client: 13 MiB for nothing.
const { createServer } = process.getBuiltinModule('node:http');

/** Small, because our endpoints take no bodies and few callers. */
const limits = { headerBytes: 8 * 1024, connections: 256, requestMs: 5_000, keepAliveMs: 75_000 } as const;

export function json(value: unknown, status = 200): Answer {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}

export function plain(body: string, status = 200): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${body}\n` };
}

/** Refuses to serve other machines without a token, unless told that none is wanted. */
export function requireToken(options: Pick<HttpServerOptions, 'listen' | 'token' | 'insecure' | 'tokenHint'>): void {
  if (options.token !== null || options.insecure || isLoopback(options.listen.host)) return;
  throw new ProblemError({
    code: 'token-missing',
    where: formatListenAddress(options.listen),
    what: 'other machines can reach this address, so a bearer token is needed',
    expected: options.tokenHint,
    got: 'none',
    mend: 'Give a token, listen on 127.0.0.1, or say --insecure if none is wanted.',
  });
}

/** Binds and serves. Throws a ProblemError where the address is taken or a token is missing. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  requireToken(options);
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      requestTimeout: limits.requestMs,
      headersTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.requestMs,
    },
    (request, response) => {
      respond(request, options).then(
        (answer) => send(request, response, answer),
        (error: unknown) => {
          options.onError(error);
          send(request, response, plain('internal error', 500));
        },
      );
    },
  );
  server.maxConnections = limits.connections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenProblem(error, options.listen)));
    server.listen(options.listen.port, options.listen.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const address = { host: options.listen.host, port };
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { address, url: `http://${formatListenAddress(address)}`, close, [Symbol.asyncDispose]: close };
}

async function respond(request: IncomingMessage, options: HttpServerOptions): Promise<Answer> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const route = Object.hasOwn(options.routes, path) ? options.routes[path] : undefined;
  const authorised = options.token === null || bearerMatches(request.headers.authorization, options.token);
  if (path !== '/healthz' && !authorised) {
    return plain('a bearer token is needed: Authorization: Bearer TOKEN', 401);
  }
  if (route === undefined) return plain(`no such path; there is ${Object.keys(options.routes).join(', ')}`, 404);
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain('only GET', 405);
  return await route();
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': Buffer.byteLength(answer.body),
    'cache-control': 'no-store',
    ...(answer.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(answer.status === 405 ? { allow: 'GET, HEAD' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

function listenProblem(error: NodeJS.ErrnoException, listen: ListenAddress): ProblemError {
  const whats: Record<string, string> = {
    EADDRINUSE: 'the port is in use',
    EACCES: 'this user may not listen here',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'the host name is unknown',
  };
  return new ProblemError({
    code: 'port-in-use',
    where: formatListenAddress(listen),
    what: whats[error.code ?? ''] ?? 'cannot listen',
    expected: 'a free address of this machine',
    got: error.code ?? error.message,
    mend: 'Choose another with --listen HOST:PORT, or stop what holds it (ss -tlnp shows it).',
  });
}
