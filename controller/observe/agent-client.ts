import { setMaxListeners } from 'node:events';
import { Agent, type AgentOptions, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import axios, { AxiosError, AxiosHeaders, CanceledError, type InternalAxiosRequestConfig } from 'axios';
import type { Problem } from '../../shared/contract/problem.ts';
import {
  agentCertificate,
  agentNoConnection,
  agentTimeout,
  agentTooLarge,
  agentUnreachable,
} from '../../shared/contract/problems/agent.ts';
import { err, type Result } from '../../shared/contract/result.ts';
import { maxSnapshotBytes, type Snapshot } from '../../shared/contract/snapshot.ts';
import { freeDescriptors } from '../../shared/net/descriptors.ts';
import { closeIdleOf, socketsOf } from '../../shared/net/pool.ts';
import type { RenewedTls } from '../../shared/tls/renewed-tls.ts';
import { TlsConnections } from '../../shared/tls/tls-client.ts';
import { certificateFault, schemeHint } from '../../shared/tls/tls-failure.ts';
import { ConnectionRoom, connectionsWithin } from './connection-room.ts';
import { NameLookups } from './name-lookups.ts';
import { type AgentAnswer, ownSnapshot, readSnapshot } from './parse-snapshot.ts';

export interface AgentClientOptions {
  /** Deadline for the whole exchange, in ms. */
  readonly timeoutMs: number;
  readonly token: string | null;
  /** Whom to trust, and our own certificate. null: the system's CAs, and none. */
  readonly tls?: { readonly files: RenewedTls; readonly verify: 'address' | 'server' } | null;
  /** Most connections, idle ones included. Left out: what the limit of open files allows. */
  readonly mostConnections?: number;
  /** Called once, when there are more agents than connections may be kept. */
  readonly onFull?: (most: number) => void;
}

const dnsHint = "Is this machine's DNS server (/etc/resolv.conf) reachable?";
const hints = { ca: 'agents.tls.ca (--agent-ca-file)', certificate: 'agents.tls.cert and key (--agent-cert-file)' };

/** Where the observer gets snapshots from; the simulator's agents offer the same. */
export type AgentSource = Pick<AgentClient, 'deadline' | 'fetch'>;

/** Asks agents for snapshots over kept connections, with limits on size and time. Never throws. */
export class AgentClient implements Disposable {
  readonly #names = new NameLookups();
  readonly #agent = new Agent({ keepAlive: true, lookup: this.#names.lookup } as AgentOptions);
  readonly #room: ConnectionRoom;
  readonly #secure: TlsConnections;
  readonly #files: RenewedTls | null;
  readonly #namesServers: boolean;
  readonly #timeoutMs: number;
  readonly #headers: Readonly<Record<string, string>>;
  /** What axios.create would wrap: without its merging of options for each request, which costs as much as the rest. */
  readonly #request = axios.getAdapter('http');
  readonly #options: Omit<InternalAxiosRequestConfig, 'headers'>;
  /** By deadline: what was asked under it, so that an agent of several servers is asked once. */
  readonly #asked = new WeakMap<AbortSignal, Map<string, Promise<Result<Snapshot, Problem>>>>();

  constructor({ timeoutMs, token, tls = null, mostConnections, onFull = () => undefined }: AgentClientOptions) {
    this.#timeoutMs = timeoutMs;
    this.#files = tls?.files ?? null;
    this.#secure = new TlsConnections(this.#files);
    this.#namesServers = tls?.verify === 'server';
    this.#room = new ConnectionRoom({
      most: mostConnections ?? connectionsWithin(freeDescriptors() ?? Number.POSITIVE_INFINITY),
      open: () => socketsOf(this.#agent) + this.#secure.open,
      closeIdle: () => this.#closeIdle(),
      onFull,
    });
    this.#headers = { accept: 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
    this.#options = {
      method: 'get',
      httpAgent: this.#agent,
      responseType: 'text',
      maxContentLength: maxSnapshotBytes,
      // an agent must not be able to send the controller, and its token, elsewhere
      maxRedirects: 0,
      proxy: false,
      decompress: false,
      validateStatus: null,
    };
  }

  /**
   * For many requests that start together: one deadline is a tenth of the cost of one each. `stopped` ends them at once.
   */
  deadline(stopped?: AbortSignal): AbortSignal {
    const controller = new AbortController();
    const end = () => {
      clearTimeout(timer);
      stopped?.removeEventListener('abort', end);
      controller.abort();
    };
    const timer = setTimeout(end, this.#timeoutMs).unref();
    stopped?.addEventListener('abort', end);
    if (stopped?.aborted === true) end();
    setMaxListeners(0, controller.signal);
    return controller.signal;
  }

  /** This process has no descriptor left: closes idle connections, and has fewer from now on. */
  makeRoom(): void {
    this.#closeIdle();
    this.#room.shrink();
  }

  /** The snapshot of this server. Requests to one URL under one deadline are one request. */
  async fetch(url: string, server: string, signal = this.deadline()): Promise<Result<Snapshot, Problem>> {
    const asked = this.#asked.get(signal) ?? new Map<string, Promise<Result<Snapshot, Problem>>>();
    this.#asked.set(signal, asked);
    // with a certificate for each server's name, each must see its own
    const key = this.#namesServers ? `${url} ${server}` : url;
    const answer = asked.get(key) ?? this.#ask(url, server, signal);
    asked.set(key, answer);
    const snapshot = await answer;
    return snapshot.ok ? ownSnapshot(snapshot.value, url, server) : snapshot;
  }

  async #ask(url: string, server: string, signal: AbortSignal): Promise<Result<Snapshot, Problem>> {
    try {
      if (!(await this.#names.ready(url, signal))) return err(agentUnreachable(url, 'no answer of DNS', dnsHint));
    } catch (cause) {
      return err(this.#describe(cause, url));
    }
    if (!(await this.#room.enter(signal))) return err(agentNoConnection(url, this.#room.most));
    try {
      const answer = await this.#send(url, server, signal);
      return readSnapshot(answer, url);
    } catch (cause) {
      return err(this.#describe(cause, url));
    } finally {
      this.#room.leave();
    }
  }

  /** A kept connection may have been closed just before the request, by an agent that needs the place: then asked once more. */
  async #send(url: string, server: string, signal: AbortSignal): Promise<AgentAnswer> {
    try {
      return await this.#sendOnce(url, server, signal);
    } catch (cause) {
      if (!isLostKeptConnection(cause)) throw cause;
      return await this.#sendOnce(url, server, signal);
    }
  }

  async #sendOnce(url: string, server: string, signal: AbortSignal): Promise<AgentAnswer> {
    // axios would send a request whose signal is aborted already, and never end it
    if (signal.aborted) throw new CanceledError();
    // axios' own timeout covers silence only; the signal ends an answer that drips for ever
    const { status, headers, data } = await this.#request({
      ...this.#options,
      headers: new AxiosHeaders(this.#headers),
      url: `${url}/v1/snapshot`,
      signal,
      ...(url.startsWith('https:') ? { transport: this.#transportTo(server) } : {}),
    });
    return { status, contentType: String(headers['content-type'] ?? ''), body: String(data) };
  }

  #closeIdle(): void {
    closeIdleOf(this.#agent);
    this.#secure.closeIdle();
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
    this.#secure[Symbol.dispose]();
    this.#files?.[Symbol.dispose]();
  }

  /** Requests that may only reach the holder of this server's certificate, or of the certificate of the URL's host. */
  #transportTo(server: string) {
    const expectedName = this.#namesServers ? server : null;
    return {
      request: (options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest =>
        this.#secure.request({ ...options, lookup: this.#names.lookup }, expectedName, onResponse),
    };
  }

  #describe(cause: unknown, where: string): Problem {
    const { code, message } = cause as { readonly code?: string; readonly message: string };
    if (code === AxiosError.ERR_CANCELED || code === AxiosError.ECONNABORTED || code === AxiosError.ETIMEDOUT) {
      return agentTimeout(where, this.#timeoutMs);
    }
    if (message.includes('maxContentLength')) return agentTooLarge(where, maxSnapshotBytes);
    const certificate = certificateFault(code ?? '', message, hints);
    if (certificate !== null) return agentCertificate(where, certificate);
    return agentUnreachable(where, code ?? message, schemeHint(where, code ?? '', hints));
  }
}

/** Before a byte of the answer came. `reusedSocket` is how Node.js says that the connection was a kept one. */
function isLostKeptConnection(cause: unknown): boolean {
  if (!(cause instanceof AxiosError) || cause.response !== undefined) return false;
  const { reusedSocket } = (cause.request ?? {}) as Partial<ClientRequest>;
  return reusedSocket === true && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE');
}
