import { Agent, type AgentOptions, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import axios, { AxiosError, AxiosHeaders, CanceledError, type InternalAxiosRequestConfig } from 'axios';
import type { Problem } from '../../shared/contract/problem.ts';
import { closeIdleOf, socketsOf } from '../../shared/net/pool.ts';
import type { RenewedTls } from '../../shared/tls/renewed-tls.ts';
import { TlsConnections } from '../../shared/tls/tls-client.ts';
import { certificateFault, schemeHint, type TlsHints } from '../../shared/tls/tls-failure.ts';
import { NameLookups } from './name-lookups.ts';

export interface HttpExchangeOptions {
  /** What is asked for, such as `/v1/snapshot`. */
  readonly path: string;
  /** A longer body ends the request. */
  readonly mostBytes: number;
  readonly token: string | null;
  /** Whom to trust, and our own certificate. null: the system's CAs, and none. */
  readonly tls: RenewedTls | null;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Why there was no answer. */
export type HttpFailure =
  | { readonly kind: 'late' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'certificate'; readonly fault: Omit<Problem, 'code' | 'where'> }
  | { readonly kind: 'unreachable'; readonly got: string; readonly hint: string | null };

/** Asks others for one document over kept connections, with a limit on its size. The caller limits the time. */
export class HttpExchange implements Disposable {
  readonly #path: string;
  readonly #names = new NameLookups();
  readonly #agent = new Agent({ keepAlive: true, lookup: this.#names.lookup } as AgentOptions);
  readonly #files: RenewedTls | null;
  readonly #secure: TlsConnections;
  readonly #headers: Readonly<Record<string, string>>;
  /** What axios.create would wrap: without its merging of options for each request, which costs as much as the rest. */
  readonly #request = axios.getAdapter('http');
  readonly #options: Omit<InternalAxiosRequestConfig, 'headers'>;

  constructor({ path, mostBytes, token, tls }: HttpExchangeOptions) {
    this.#path = path;
    this.#files = tls;
    this.#secure = new TlsConnections(tls);
    this.#headers = { accept: 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
    this.#options = {
      method: 'get',
      httpAgent: this.#agent,
      responseType: 'text',
      maxContentLength: mostBytes,
      // who is asked must not be able to send the controller, and its token, elsewhere
      maxRedirects: 0,
      proxy: false,
      decompress: false,
      validateStatus: null,
    };
  }

  /** Connections, idle ones included. */
  get open(): number {
    return socketsOf(this.#agent) + this.#secure.open;
  }

  closeIdle(): void {
    closeIdleOf(this.#agent);
    this.#secure.closeIdle();
  }

  /** Waits until an address of the URL's host is known. Throws what the lookup did; returns false at the signal. */
  async isResolved(url: string, signal: AbortSignal): Promise<boolean> {
    return await this.#names.ready(url, signal);
  }

  /**
   * The document at this URL, from the holder of a certificate for `expectedName`; null: for the URL's host. Throws where there
   * is no answer: `failureOf` tells why. A kept connection may have been closed just before the request, by one that needs the
   * place: then it is asked once more.
   */
  async get(url: string, expectedName: string | null, signal: AbortSignal): Promise<HttpAnswer> {
    try {
      return await this.#getOnce(url, expectedName, signal);
    } catch (cause) {
      if (!isLostKeptConnection(cause)) throw cause;
      return await this.#getOnce(url, expectedName, signal);
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
    this.#secure[Symbol.dispose]();
    this.#files?.[Symbol.dispose]();
  }

  async #getOnce(url: string, expectedName: string | null, signal: AbortSignal): Promise<HttpAnswer> {
    // axios would send a request whose signal is aborted already, and never end it
    if (signal.aborted) throw new CanceledError();
    // axios' own timeout covers silence only; the signal ends an answer that drips for ever
    const { status, headers, data } = await this.#request({
      ...this.#options,
      headers: new AxiosHeaders(this.#headers),
      url: `${url}${this.#path}`,
      signal,
      ...(url.startsWith('https:') ? { transport: this.#transportTo(expectedName) } : {}),
    });
    return { status, contentType: String(headers['content-type'] ?? ''), body: String(data) };
  }

  #transportTo(expectedName: string | null) {
    return {
      request: (options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest =>
        this.#secure.request({ ...options, lookup: this.#names.lookup }, expectedName, onResponse),
    };
  }
}

/** What was thrown, in the words of the one that asked. */
export function failureOf(cause: unknown, url: string, hints: TlsHints): HttpFailure {
  const { code, message } = cause as { readonly code?: string; readonly message: string };
  if (code === AxiosError.ERR_CANCELED || code === AxiosError.ECONNABORTED || code === AxiosError.ETIMEDOUT) {
    return { kind: 'late' };
  }
  if (message.includes('maxContentLength')) return { kind: 'too-large' };
  const fault = certificateFault(code ?? '', message, hints);
  if (fault !== null) return { kind: 'certificate', fault };
  return { kind: 'unreachable', got: code ?? message, hint: schemeHint(url, code ?? '', hints) };
}

/** Before a byte of the answer came. `reusedSocket` is how Node.js says that the connection was a kept one. */
function isLostKeptConnection(cause: unknown): boolean {
  if (!(cause instanceof AxiosError) || cause.response !== undefined) return false;
  const { reusedSocket } = (cause.request ?? {}) as Partial<ClientRequest>;
  return reusedSocket === true && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE');
}
