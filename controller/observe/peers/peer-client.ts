import type { Problem } from '../../../shared/contract/problem.ts';
import {
  controllerCertificate,
  controllerSilent,
  controllerUnreachable,
} from '../../../shared/contract/problems/controller.ts';
import { peerTooLarge } from '../../../shared/contract/problems/peer.ts';
import { err, type Result } from '../../../shared/contract/result.ts';
import { controllerTokenVariable } from '../../../shared/contract/status.ts';
import { type ControllerTraffic, maxTrafficBytes, trafficPath } from '../../../shared/contract/traffic.ts';
import { loadToken } from '../../../shared/net/token.ts';
import type { Log } from '../../../shared/process/log.ts';
import { RenewedTls } from '../../../shared/tls/renewed-tls.ts';
import type { Config } from '../../config/schema.ts';
import { deadlineIn } from '../deadline.ts';
import { failureOf, HttpExchange } from '../http-exchange.ts';
import { parseTraffic } from './parse-traffic.ts';

const hints = { ca: 'peers.tls.ca (--peer-ca-file)', certificate: 'peers.tls.cert and key (--peer-cert-file)' };
const fix = 'Is it running there? Unless listen (--listen) says otherwise it serves its own machine (127.0.0.1) only.';

/** Where counters of other controllers come from. */
export interface PeerSource {
  /** Never rejects; takes no longer than a deadline of its own, and ends at once when `stopped` says so. */
  fetch(url: string, stopped?: AbortSignal): Promise<Result<ControllerTraffic, Problem>>;
}

export interface PeerClientOptions {
  /** Deadline for the whole exchange, in ms. */
  readonly timeoutMs: number;
  readonly token: string | null;
  readonly tls: RenewedTls | null;
}

/** Asks other controllers for what their HAProxys counted, with limits on size and time. Never throws. */
export class PeerClient implements PeerSource, Disposable {
  readonly #timeoutMs: number;
  readonly #exchange: HttpExchange;

  constructor({ timeoutMs, token, tls }: PeerClientOptions) {
    this.#timeoutMs = timeoutMs;
    this.#exchange = new HttpExchange({ path: trafficPath, mostBytes: maxTrafficBytes, token, tls });
  }

  async fetch(url: string, stopped?: AbortSignal): Promise<Result<ControllerTraffic, Problem>> {
    const deadline = deadlineIn(this.#timeoutMs, stopped);
    try {
      if (!(await this.#exchange.isResolved(url, deadline)) || deadline.aborted) return err(this.#late(url));
      return parseTraffic(await this.#exchange.get(url, null, deadline), url);
    } catch (cause) {
      return err(this.#describe(cause, url));
    }
  }

  [Symbol.dispose](): void {
    this.#exchange[Symbol.dispose]();
  }

  #late(url: string): Problem {
    return controllerSilent(url, this.#timeoutMs);
  }

  #describe(cause: unknown, url: string): Problem {
    const failure = failureOf(cause, url, hints);
    switch (failure.kind) {
      case 'late':
        return this.#late(url);
      case 'too-large':
        return peerTooLarge(url, maxTrafficBytes);
      case 'certificate':
        return controllerCertificate(url, failure.fault);
      case 'unreachable':
        return controllerUnreachable(url, failure.got, failure.hint ?? fix);
    }
  }
}

/** A client with the token and certificates that the configuration names. Throws a ProblemError where they cannot be used. */
export function connectPeers(
  { timeoutMs, tokenFile, tls }: Pick<Config['peers'], 'timeoutMs' | 'tokenFile' | 'tls'>,
  log: Log,
): PeerClient {
  const token = loadToken(tokenFile, controllerTokenVariable, log);
  return new PeerClient({ timeoutMs, token, tls: tls === undefined ? null : new RenewedTls(tls, log) });
}
