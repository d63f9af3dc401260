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
import type { RenewedTls } from '../../shared/tls/renewed-tls.ts';
import { ConnectionRoom, connectionsWithin } from './connection-room.ts';
import { deadlineIn } from './deadline.ts';
import { failureOf, HttpExchange } from './http-exchange.ts';
import { ownSnapshot, readSnapshot } from './parse-snapshot.ts';

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
  readonly #exchange: HttpExchange;
  readonly #room: ConnectionRoom;
  readonly #namesServers: boolean;
  readonly #timeoutMs: number;
  /** By deadline: what was asked under it, so that an agent of several servers is asked once. */
  readonly #asked = new WeakMap<AbortSignal, Map<string, Promise<Result<Snapshot, Problem>>>>();

  constructor({ timeoutMs, token, tls = null, mostConnections, onFull = () => undefined }: AgentClientOptions) {
    this.#timeoutMs = timeoutMs;
    this.#namesServers = tls?.verify === 'server';
    const exchange = new HttpExchange({
      ...{ path: '/v1/snapshot', mostBytes: maxSnapshotBytes, token },
      tls: tls?.files ?? null,
    });
    this.#exchange = exchange;
    this.#room = new ConnectionRoom({
      most: mostConnections ?? connectionsWithin(freeDescriptors() ?? Number.POSITIVE_INFINITY),
      open: () => exchange.open,
      closeIdle: () => exchange.closeIdle(),
      onFull,
    });
  }

  /**
   * For many requests that start together: one deadline is a tenth of the cost of one each. `stopped` ends them at once.
   */
  deadline(stopped?: AbortSignal): AbortSignal {
    return deadlineIn(this.#timeoutMs, stopped);
  }

  /** This process has no descriptor left: closes idle connections, and has fewer from now on. */
  makeRoom(): void {
    this.#exchange.closeIdle();
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
      if (!(await this.#exchange.isResolved(url, signal)))
        return err(agentUnreachable(url, 'no answer of DNS', dnsHint));
    } catch (cause) {
      return err(this.#describe(cause, url));
    }
    if (!(await this.#room.enter(signal))) return err(agentNoConnection(url, this.#room.most));
    try {
      return readSnapshot(await this.#exchange.get(url, this.#namesServers ? server : null, signal), url);
    } catch (cause) {
      return err(this.#describe(cause, url));
    } finally {
      this.#room.leave();
    }
  }

  [Symbol.dispose](): void {
    this.#exchange[Symbol.dispose]();
  }

  #describe(cause: unknown, where: string): Problem {
    const failure = failureOf(cause, where, hints);
    switch (failure.kind) {
      case 'late':
        return agentTimeout(where, this.#timeoutMs);
      case 'too-large':
        return agentTooLarge(where, maxSnapshotBytes);
      case 'certificate':
        return agentCertificate(where, failure.fault);
      case 'unreachable':
        return agentUnreachable(where, failure.got, failure.hint);
    }
  }
}
