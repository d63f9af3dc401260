import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ListenAddress } from '../../../shared/net/listen-address.ts';

/** Where an application listens, and whether it does. */
export class Door {
  readonly #server: Server;
  readonly #address: ListenAddress;
  readonly #connections = new Set<Socket>();

  constructor(server: Server, address: ListenAddress) {
    this.#server = server;
    this.#address = address;
    server.on('connection', (socket: Socket) => {
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
    });
  }

  open(): void {
    if (!this.#server.listening) this.#server.listen(this.#address.port, this.#address.host);
  }

  /** Stops listening and resets every connection, as the kernel does for a killed process. */
  slam(): void {
    this.#server.close();
    for (const socket of this.#connections) socket.resetAndDestroy();
  }
}
