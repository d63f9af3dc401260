/*
 * By hand, not with fastify: that takes 25 MiB more (fastify 5, one route, Node.js 24), which an agent would take from the
 * application beside it; and its limits act on requests, when connections and TLS handshakes have cost something already.
 */

import type { AddressInfo, Server } from 'node:net';
import { ProblemError } from '../contract/problem.ts';
import { portInUse, tokenMissing } from '../contract/problems/access.ts';
import type { RenewedTls } from '../tls/renewed-tls.ts';
import { type Excess, ExcessReport, type Refused } from './excess-report.ts';
import { allowedNames } from './host-check.ts';
import { HttpFront } from './http-front.ts';
import { limits } from './limits.ts';
import { formatListenAddress, isLoopback, type ListenAddress } from './listen-address.ts';
import type { Site } from './respond.ts';
import { TlsFront } from './tls-front.ts';
import { Turns } from './turns.ts';
import { Visitors } from './visitors.ts';

export interface HttpServerOptions extends Site {
  readonly listen: ListenAddress;
  /** Own certificate and key; with a CA, only clients with a certificate of it. null: plain HTTP. */
  readonly tls: Pick<RenewedTls, 'material' | 'onRenewed'> | null;
  /** Off loopback without a token only when this says so. */
  readonly insecure: boolean;
  /** Names by which clients may ask on loopback without a token, besides loopback's own: those of a proxy before us. */
  readonly allowHosts: readonly string[];
  /** Where the token comes from, for the message that says it is missing. */
  readonly tokenHint: string;
  readonly onError: (error: unknown) => void;
  /** Told of clients that are dropped or refused for asking too much: once at the start, then at most once a minute. */
  readonly onExcess?: (excess: Excess) => void;
}

export interface HttpServer extends AsyncDisposable {
  readonly address: ListenAddress;
  readonly url: string;
  readonly refused: Refused;
  close(): Promise<void>;
}

/** Refuses to serve other machines without a token or client certificates, unless told that none is wanted. */
export function requireToken(
  options: Pick<HttpServerOptions, 'listen' | 'token' | 'tls' | 'insecure' | 'tokenHint'>,
): void {
  if (knowsClients(options) || options.insecure || isLoopback(options.listen.host)) return;
  throw new ProblemError(tokenMissing(formatListenAddress(options.listen), options.tokenHint));
}

/**
 * Binds and serves. Throws a ProblemError where the address is taken or a token is missing. Each connection passes: the limits
 * (`visitors.ts`), TLS (`tls-front.ts`), one request at a time (`request-feed.ts`), HTTP (`http-front.ts`).
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  requireToken(options);
  const { listen, tls, onExcess = () => {} } = options;
  const report = new ExcessReport(onExcess);
  const turns = new Turns(limits.cpu);
  const visitors = new Visitors(report, turns, (visitor) => {
    if (tlsFront === null) http.serve(visitor.socket, visitor);
    else tlsFront.receive(visitor);
  });
  const site = { ...options, names: ownNames(options), asksForProof: knowsClients(options) };
  const http = new HttpFront(site, visitors, turns);
  const tlsFront =
    tls === null
      ? null
      : new TlsFront(
          tls,
          (socket, visitor) => {
            if (tls.material.ca !== undefined) visitors.recognise(visitor);
            http.serve(socket, visitor);
          },
          (visitor) => visitors.countExcess('tls-handshake', visitor),
        );
  await bind(visitors.server, listen);
  visitors.server.on('error', options.onError);
  const { port } = visitors.server.address() as AddressInfo;
  const address = { host: listen.host, port };
  const close = () =>
    new Promise<void>((resolve) => {
      visitors.server.close(() => resolve());
      visitors[Symbol.dispose]();
      report[Symbol.dispose]();
    });
  const scheme = tls === null ? 'http' : 'https';
  const url = `${scheme}://${formatListenAddress(address)}`;
  return { address, url, refused: report.totals, close, [Symbol.asyncDispose]: close };
}

async function bind(server: Server, listen: ListenAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) =>
      reject(new ProblemError(portInUse(formatListenAddress(listen), error.code ?? error.message)));
    server.once('error', fail);
    server.listen(listen.port, listen.host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

/** Whether clients are asked for a token or a certificate. */
function knowsClients({ token, tls }: Pick<HttpServerOptions, 'token' | 'tls'>): boolean {
  return token !== null || tls?.material.ca !== undefined;
}

/** The names that count besides loopback's own; null where a token or a client certificate guards, or other machines may ask. */
function ownNames(options: HttpServerOptions): ReadonlySet<string> | null {
  const { listen, allowHosts } = options;
  return knowsClients(options) || !isLoopback(listen.host) ? null : allowedNames([listen.host, ...allowHosts]);
}
