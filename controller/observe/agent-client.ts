import { Agent } from 'node:http';
import axios, { AxiosError, type AxiosInstance } from 'axios';
import type { Problem } from '../../contract/problem.ts';
import { err, type Result } from '../../contract/result.ts';
import { maxSnapshotBytes, type Snapshot } from '../../contract/snapshot.ts';
import { parseSnapshot } from './parse-snapshot.ts';

export interface AgentClientOptions {
  /** Deadline for the whole exchange, in ms. */
  readonly timeoutMs: number;
  readonly token: string | null;
}

/** Most agents asked at the same moment; the rest wait their turn within the same tick. */
const maxConcurrent = 128;

/** Asks agents for snapshots over kept connections, with limits on size and time. Never throws. */
export class AgentClient implements Disposable {
  readonly #http: AxiosInstance;
  readonly #agent = new Agent({ keepAlive: true, maxTotalSockets: maxConcurrent, maxFreeSockets: maxConcurrent });
  readonly #timeoutMs: number;

  constructor({ timeoutMs, token }: AgentClientOptions) {
    this.#timeoutMs = timeoutMs;
    this.#http = axios.create({
      httpAgent: this.#agent,
      headers: { accept: 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
      responseType: 'text',
      transformResponse: [],
      maxContentLength: maxSnapshotBytes,
      // an agent must not be able to send the controller, and its token, elsewhere
      maxRedirects: 0,
      proxy: false,
      decompress: false,
      validateStatus: null,
    });
  }

  async fetch(url: string, server: string): Promise<Result<Snapshot, Problem>> {
    try {
      // axios' own timeout covers silence only; the signal ends an answer that drips for ever
      const signal = AbortSignal.timeout(this.#timeoutMs);
      const { status, headers, data } = await this.#http.get<string>(`${url}/v1/snapshot`, { signal });
      return parseSnapshot({ status, contentType: String(headers['content-type'] ?? ''), body: data }, url, server);
    } catch (cause) {
      return err(this.#describe(cause, url));
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #describe(cause: unknown, where: string): Problem {
    const { code, message } = cause instanceof AxiosError ? cause : { code: undefined, message: String(cause) };
    if (code === AxiosError.ERR_CANCELED || code === AxiosError.ECONNABORTED || code === AxiosError.ETIMEDOUT) {
      return {
        code: 'agent-timeout',
        where,
        what: 'the agent did not answer in time',
        expected: `${this.#timeoutMs} ms`,
      };
    }
    if (message.includes('maxContentLength')) {
      const expected = `at most ${maxSnapshotBytes} bytes`;
      return { code: 'agent-too-large', where, what: 'the answer is too large', expected };
    }
    const mend = 'Is the agent running there, and does a firewall let its port through?';
    return { code: 'agent-unreachable', where, what: 'the agent cannot be reached', got: code ?? message, mend };
  }
}
