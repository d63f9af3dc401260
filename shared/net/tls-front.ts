import type { Server, TLSSocket } from 'node:tls';
import { tls as nodeTls } from '../process/footprint.ts';
import { isIssuedBy } from '../tls/issued-by.ts';
import type { RenewedTls } from '../tls/renewed-tls.ts';
import type { TlsMaterial } from '../tls/tls-files.ts';
import { tlsFloor } from '../tls/tls-floor.ts';
import { limits } from './limits.ts';
import type { Visitor } from './visitor.ts';

/** Does the TLS handshakes of connections that are handed to it. With a CA, only clients with a certificate of it pass. */
export class TlsFront {
  readonly #server: Server;
  /** Those in a handshake or past it, by their two ends: TLS does not tell which connection it is on. */
  readonly #visitors = new Map<string, Visitor>();
  readonly #secure = new Set<TLSSocket>();

  constructor(
    tls: Pick<RenewedTls, 'material' | 'onRenewed'>,
    serve: (socket: TLSSocket, visitor: Visitor) => void,
    onFailed: (visitor: Visitor) => void,
  ) {
    this.#server = nodeTls().createServer({
      ...contextOf(tls.material),
      requestCert: tls.material.ca !== undefined,
      rejectUnauthorized: true,
      handshakeTimeout: limits.requestMs,
    });
    this.#server.on('secureConnection', (socket) => {
      const visitor = this.#visitors.get(endsOf(socket));
      if (visitor === undefined) {
        socket.destroy();
        return;
      }
      this.#secure.add(socket);
      socket.once('close', () => this.#secure.delete(socket));
      serve(socket, visitor);
    });
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      const visitor = this.#visitors.get(endsOf(socket));
      if (visitor !== undefined && error.code !== 'ECONNRESET') onFailed(visitor);
      socket.destroy();
    });
    this.#server.on('error', () => undefined);
    let { ca } = tls.material;
    tls.onRenewed((material) => {
      this.#server.setSecureContext(contextOf(material));
      if (material.ca !== undefined && material.ca !== ca) this.#closeOthersThan(material.ca);
      ca = material.ca;
    });
  }

  /** Starts the handshake of a connection. */
  receive(visitor: Visitor): void {
    const { socket } = visitor;
    const ends = endsOf(socket);
    this.#visitors.set(ends, visitor);
    socket.once('close', () => this.#visitors.delete(ends));
    this.#server.emit('connection', socket);
  }

  /** A client whose certificate is of the old CA only would else be answered for as long as it keeps its connection. */
  #closeOthersThan(ca: string): void {
    for (const socket of this.#secure) {
      const certificate = socket.getPeerX509Certificate();
      if (certificate === undefined || !isIssuedBy(certificate, ca)) socket.destroy();
    }
  }
}

function contextOf({ cert, key, ca }: TlsMaterial) {
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
    ...tlsFloor(),
  };
}

function endsOf({ localAddress, remoteAddress, remotePort }: TLSSocket | Visitor['socket']): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`;
}
