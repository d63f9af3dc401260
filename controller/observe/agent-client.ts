import { setMaxListeners } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import axios, { AxiosError, AxiosHeaders, type InternalAxiosRequestConfig } from 'axios';
import type { Problem } from '../../shared/contract/problem.ts';
import {
  agentCertificate,
  agentTimeout,
  agentTooLarge,
  agentUnreachable,
} from '../../shared/contract/problems/agent.ts';
import { err, type Result } from '../../shared/contract/result.ts';
import { maxSnapshotBytes, type Snapshot } from '../../shared/contract/snapshot.ts';
import type { RenewedTls } from '../../shared/tls/renewed-tls.ts';
import { TlsConnections } from '../../shared/tls/tls-client.ts';
import { certificateFault, schemeHint } from '../../shared/tls/tls-failure.ts';
import { ownSnapshot, readSnapshot } from './parse-snapshot.ts';

export interface AgentClientOptions {
  /** Deadline for the whole exchange, in ms. */
  readonly timeoutMs: number;
  readonly token: string | null;
  /** Whom to trust, and our own certificate. null: the system's CAs, and none. */
  readonly tls?: { readonly files: RenewedTls; readonly verify: 'address' | 'server' } | null;
}

const hints = { ca: 'agents.tls.ca (--agent-ca-file)', certificate: 'agents.tls.cert and key (--agent-cert-file)' };

/** Where the observer gets snapshots from; the simulator's agents offer the same. */
export type AgentSource = Pick<AgentClient, 'deadline' | 'fetch'>;

/** Asks agents for snapshots over kept connections, with limits on size and time. Never throws. */
export class AgentClient implements Disposable {
  readonly #agent = new Agent({ keepAlive: true });
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

  constructor({ timeoutMs, token, tls = null }: AgentClientOptions) {
    this.#timeoutMs = timeoutMs;
    this.#files = tls?.files ?? null;
    this.#secure = new TlsConnections(this.#files);
    this.#namesServers = tls?.verify === 'server';
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

  /** For many requests that start together: one deadline is a tenth of the cost of one each. */
  deadline(): AbortSignal {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    setMaxListeners(0, signal);
    return signal;
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
      // axios' own timeout covers silence only; the signal ends an answer that drips for ever
      const request = {
        ...this.#options,
        headers: new AxiosHeaders(this.#headers),
        url: `${url}/v1/snapshot`,
        signal,
        ...(url.startsWith('https:') ? { transport: this.#transportTo(server) } : {}),
      };
      const { status, headers, data } = await this.#request(request);
      return readSnapshot({ status, contentType: String(headers['content-type'] ?? ''), body: String(data) }, url);
    } catch (cause) {
      return err(this.#describe(cause, url));
    }
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
        this.#secure.request(options, expectedName, onResponse),
    };
  }

  #describe(cause: unknown, where: string): Problem {
    const { code, message } = cause instanceof AxiosError ? cause : { code: undefined, message: String(cause) };
    if (code === AxiosError.ERR_CANCELED || code === AxiosError.ECONNABORTED || code === AxiosError.ETIMEDOUT) {
      return agentTimeout(where, this.#timeoutMs);
    }
    if (message.includes('maxContentLength')) return agentTooLarge(where, maxSnapshotBytes);
    const certificate = certificateFault(code ?? '', message, hints);
    if (certificate !== null) return agentCertificate(where, certificate);
    return agentUnreachable(where, code ?? message, schemeHint(where, code ?? '', hints));
  }
}
