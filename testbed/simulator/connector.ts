import type { Line } from './line.ts';
import type { Pool } from './pool.ts';
import type { Request } from './request.ts';
import type { Reception, Server } from './server.ts';

/** HAProxy's default of `retries`; with `option redispatch 1` each goes to another server. */
const retries = 3;

export interface ConnectorOptions {
  readonly servers: readonly Server[];
  /** `retry-on conn-failure empty-response 500 502 503`, and `observe layer4 ... on-error mark-down` on every server line. */
  readonly fastPath: boolean;
  /** `timeout server` begins for a request. */
  readonly onSent: (request: Request, nowMs: number) => void;
}

/** One HAProxy's attempts at servers. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #pool: Pool;

  constructor(options: ConnectorOptions, pool: Pool) {
    this.#options = options;
    this.#pool = pool;
  }

  connect(line: Line, request: Request, nowMs: number): Reception {
    const { servers, fastPath, onSent } = this.#options;
    line.sessions += 1;
    this.#pool.take(line, request);
    request.server = line.index;
    request.stage += 1;
    const reception = servers[line.index]?.receive(request, nowMs) ?? 'refused';
    if (fastPath) {
      line.health.observe(reception !== 'refused', nowMs);
      this.#pool.followHealth(line);
    }
    if (reception === 'accepted') onSent(request, nowMs);
    else this.#pool.release(line, request, reception);
    return reception;
  }

  /** Whether another attempt is allowed after this one; counts it where it is. */
  mayRepeat(line: Line, request: Request, outcome: 'refused' | 'error' | 'broken'): boolean {
    const isRepeated = outcome === 'refused' || (this.#options.fastPath && this.#isServerError(line, outcome));
    if (!isRepeated || request.retries === retries) return false;
    request.retries += 1;
    // HAProxy 2.6 counts a retry because of the answer as a retry, and one because of the connection as none
    if (outcome !== 'refused') line.retries += 1;
    return true;
  }

  /** Counts an attempt that is not repeated. */
  countFailure(line: Line, outcome: 'refused' | 'error' | 'broken'): void {
    if (outcome === 'refused') line.connectionErrors += 1;
    else if (outcome === 'broken') line.responseErrors += 1;
    else if (this.#errorStatus(line) < 500) line.responses4xx += 1;
    else line.responses5xx += 1;
  }

  #isServerError(line: Line, outcome: 'error' | 'broken'): boolean {
    return outcome === 'broken' || this.#errorStatus(line) >= 500;
  }

  #errorStatus(line: Line): number {
    return this.#options.servers[line.index]?.conditions.errorStatus ?? 500;
  }
}
