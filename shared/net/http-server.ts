/*
 * By hand, not with fastify: that takes 25 MiB more (fastify 5, one route, Node.js 24), which an agent would take from the
 * application beside it; and its limits act on requests, when connections and TLS handshakes have cost something already.
 */

import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ProblemError } from '../contract/problem.ts';
import { portInUse, tokenMissing } from '../contract/problems/access.ts';
import { http, https } from '../process/footprint.ts';
import type { RenewedTls } from '../tls/renewed-tls.ts';
import type { TlsMaterial } from '../tls/tls-files.ts';
import { tlsFloor } from '../tls/tls-floor.ts';
import { addressGroup } from './address-group.ts';
import { type Answer, plain, type Route } from './answer.ts';
import { ConnectionGate } from './connection-gate.ts';
import { allowedNames, destinationOf, foreignHost } from './host-check.ts';
import { formatListenAddress, isLoopback, type ListenAddress } from './listen-address.ts';
import { RateLimiter } from './rate-limit.ts';
import { send } from './send-answer.ts';
import { bearerMatches } from './token.ts';

export interface HttpServerOptions {
  readonly listen: ListenAddress;
  /** Asked of every request but /healthz; null: none is wanted. */
  readonly token: string | null;
  /** Own certificate and key; with a CA, only clients with a certificate of it. null: plain HTTP. */
  readonly tls: Pick<RenewedTls, 'material' | 'onRenewed'> | null;
  /** Off loopback without a token only when this says so. */
  readonly insecure: boolean;
  /** Names by which clients may ask on loopback without a token, besides loopback's own: those of a proxy before us. */
  readonly allowHosts: readonly string[];
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

/** Small, because our endpoints take no bodies and few callers. docs/operations.md tells of them. */
export const limits = {
  headerBytes: 8 * 1024,
  /** For a request, or a TLS handshake, to be there as a whole. */
  requestMs: 5_000,
  /** Without a byte either way, while an answer is on its way. */
  silenceMs: 10_000,
  keepAliveMs: 75_000,
  connections: { total: 256, perAddress: 128 },
  requests: { perSecond: 100, burst: 200, addresses: 1_024 },
} as const;

/** Refuses to serve other machines without a token or client certificates, unless told that none is wanted. */
export function requireToken(
  options: Pick<HttpServerOptions, 'listen' | 'token' | 'tls' | 'insecure' | 'tokenHint'>,
): void {
  const knowsClients = options.token !== null || options.tls?.material.ca !== undefined;
  if (knowsClients || options.insecure || isLoopback(options.listen.host)) return;
  throw new ProblemError(tokenMissing(formatListenAddress(options.listen), options.tokenHint));
}

/** Binds and serves. Throws a ProblemError where the address is taken or a token is missing. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  requireToken(options);
  const limiter = new RateLimiter(limits.requests, () => performance.now());
  const names = ownNames(options);
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    respond(request, options, limiter, names).then(
      (answer) => send(request, response, answer),
      (error: unknown) => {
        options.onError(error);
        send(request, response, plain('internal error', 500));
      },
    );
  };
  const server = makeServer(options.tls, handle);
  // not answered with 100 Continue: who asks whether to send a body is told no
  server.on('checkContinue', handle);
  server.timeout = limits.silenceMs;
  limitConnections(server, limiter);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new ProblemError(portInUse(formatListenAddress(options.listen), error.code ?? error.message))),
    );
    server.listen(options.listen.port, options.listen.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const address = { host: options.listen.host, port };
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const scheme = options.tls === null ? 'http' : 'https';
  return { address, url: `${scheme}://${formatListenAddress(address)}`, close, [Symbol.asyncDispose]: close };
}

function makeServer(
  tls: HttpServerOptions['tls'],
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const common: ServerOptions = {
    maxHeaderSize: limits.headerBytes,
    requestTimeout: limits.requestMs,
    headersTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.requestMs,
  };
  if (tls === null) return http().createServer(common, handle);
  const context = ({ cert, key, ca }: TlsMaterial) => ({
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
    ...tlsFloor(),
  });
  const server = https().createServer(
    {
      ...common,
      ...context(tls.material),
      requestCert: tls.material.ca !== undefined,
      rejectUnauthorized: true,
      handshakeTimeout: limits.requestMs,
    },
    handle,
  );
  tls.onRenewed((material) => server.setSecureContext(context(material)));
  return server;
}

/** Looks at each connection before HTTP or TLS does, when it has cost next to nothing. */
function limitConnections(server: Server, limiter: RateLimiter): void {
  const gate = new ConnectionGate<Socket>(limits.connections, (socket) => socket.destroy());
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const address = addressGroup(socket.remoteAddress);
    if (limiter.isAbusive(address) || !gate.admit(address, socket)) {
      socket.destroy();
      return;
    }
    socket.once('close', () => gate.release(address, socket));
    for (const listener of listeners) listener.call(server, socket);
  });
}

async function respond(
  request: IncomingMessage,
  options: HttpServerOptions,
  limiter: RateLimiter,
  names: ReadonlySet<string> | null,
): Promise<Answer> {
  const waitSeconds = limiter.take(addressGroup(request.socket.remoteAddress));
  if (waitSeconds !== null) {
    const most = `at most ${limits.requests.perSecond} requests a second`;
    return { ...plain(most, 429), headers: { 'retry-after': String(waitSeconds), connection: 'close' } };
  }
  if (hasBody(request)) return { ...plain('no bodies here', 413), headers: { connection: 'close' } };
  const destination = destinationOf(request.url ?? '/', request.rawHeaders);
  const foreign = names === null ? null : foreignHost(destination, names);
  if (foreign !== null) return wrongHost(foreign);
  const { path } = destination;
  const route = Object.hasOwn(options.routes, path) ? options.routes[path] : undefined;
  const authorised = options.token === null || bearerMatches(request.headers.authorization, options.token);
  if (path !== '/healthz' && !authorised) {
    return plain('a bearer token is needed: Authorization: Bearer TOKEN', 401);
  }
  if (route === undefined) return plain(`no such path; there is ${Object.keys(options.routes).join(', ')}`, 404);
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain('only GET', 405);
  return await route();
}

/** The names that count besides loopback's own; null where a token or a client certificate guards, or other machines may ask. */
function ownNames({ listen, token, tls, allowHosts }: HttpServerOptions): ReadonlySet<string> | null {
  const knowsClients = token !== null || tls?.material.ca !== undefined;
  return knowsClients || !isLoopback(listen.host) ? null : allowedNames([listen.host, ...allowHosts]);
}

function wrongHost(got: string): Answer {
  const fix = 'ask by 127.0.0.1, [::1] or localhost, set a token, or allow the name: --allow-host NAME';
  const line = `this address answers its own machine only; expected a Host of loopback, got ${got}; ${fix}`;
  return { ...plain(line, 421), headers: { connection: 'close' } };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
