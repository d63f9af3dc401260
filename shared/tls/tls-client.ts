import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Agent, AgentOptions, RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { closeIdleOf, socketsOf } from '../net/pool.ts';
import { https, tls } from '../process/footprint.ts';
import type { RenewedTls } from './renewed-tls.ts';
import type { TlsMaterial } from './tls-files.ts';
import { tlsFloor } from './tls-floor.ts';

type OnResponse = (response: IncomingMessage) => void;
type Named = RequestOptions & { readonly expectedName?: string };

/**
 * Requests to TLS servers over kept connections. The other side's certificate must be trusted and for the host that is asked,
 * or for the name that is expected; nothing switches that off, the environment included.
 */
export class TlsConnections implements Disposable {
  readonly #source: RenewedTls | null;
  #pool: Agent | null = null;

  /** null: the system's CAs, and no certificate of our own. */
  constructor(source: RenewedTls | null) {
    this.#source = source;
    source?.onRenewed((material) => {
      const before = this.#pool;
      this.#pool = makePool(material);
      if (before !== null) retire(before);
    });
  }

  /** As node:https's. `expectedName` (null: the host's) is whom the certificate must be for, and what SNI says. */
  request(options: RequestOptions, expectedName: string | null, onResponse: OnResponse): ClientRequest {
    // on first use: who asks no https URL need not read hundreds of CAs
    this.#pool ??= makePool(this.#source?.material ?? null);
    const { request } = https();
    if (expectedName === null) return request({ ...options, agent: this.#pool }, onResponse);
    const servername = isIP(expectedName) === 0 ? expectedName : '';
    const named: Named = { ...options, agent: this.#pool, expectedName, servername };
    return request(named, onResponse);
  }

  /** Connections to servers, idle ones included. */
  get open(): number {
    return this.#pool === null ? 0 : socketsOf(this.#pool);
  }

  closeIdle(): void {
    if (this.#pool !== null) closeIdleOf(this.#pool);
  }

  [Symbol.dispose](): void {
    this.#pool?.destroy();
  }
}

/** Not left to Node.js, where NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would take any certificate. */
const verified = { rejectUnauthorized: true } as const;

function makePool(material: TlsMaterial | null): Agent {
  const { cert, key, ca = systemAuthorities() } = material ?? {};
  const identity = cert === undefined || key === undefined ? {} : { cert, key };
  // made once, because reading the CAs for each connection would take longer than the connection
  const secureContext = tls().createSecureContext({ ...identity, ca, ...tlsFloor() });
  class NamedAgent extends https().Agent {
    /** A connection is used again only for the name that its certificate was checked for. */
    override getName(options: Named = {}): string {
      return `${super.getName(options)}:${options.expectedName ?? ''}`;
    }

    /** Here and not in the request: Node.js takes a request that checks by itself to a connection of its own. */
    override createConnection(options: Named, onConnected?: Parameters<Agent['createConnection']>[1]) {
      const { expectedName } = options;
      if (expectedName === undefined) return super.createConnection(options, onConnected);
      const checkServerIdentity = (_host: string, certificate: PeerCertificate) =>
        tls().checkServerIdentity(expectedName, certificate);
      return super.createConnection({ ...options, checkServerIdentity }, onConnected);
    }
  }
  // no sessions are resumed: that would skip the look at the certificate
  const options = { keepAlive: true, maxCachedSessions: 0, secureContext, ...verified };
  return new NamedAgent(options as AgentOptions);
}

/** Those of the system and those that Node.js brings. */
function systemAuthorities(): string[] {
  const { getCACertificates } = tls();
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}

/** Ends it when its last answer is there: connections of the old certificate are not used again. */
function retire(pool: Agent): void {
  pool.maxFreeSockets = 0;
  closeIdleOf(pool);
}
