import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';

export type Delivery = 'whole' | 'in pieces' | 'reset' | 'never ends' | 'too slow';

/** How an answer is delivered, chosen by a byte of the case. Two kinds are rare: each takes the client's whole deadline. */
export function deliveryOf(byte: number): Delivery {
  if (byte < 100) return 'whole';
  if (byte < 210) return 'in pieces';
  if (byte < 236) return 'reset';
  return byte < 246 ? 'never ends' : 'too slow';
}

/** Time between two bytes of an answer that is too slow, in ms. */
const dripMs = 10;

/** A server that answers the first bytes of every connection with the bytes that it was given. */
export class HostileServer implements AsyncDisposable {
  answer: { readonly bytes: Buffer; readonly delivery: Delivery } = { bytes: Buffer.alloc(0), delivery: 'whole' };
  /** What clients sent in the current case. */
  requests: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Listens on a port of 127.0.0.1, or on a UNIX socket. Returns the port, or 0. */
  async listen(path?: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      if (path === undefined) this.#server.listen(0, '127.0.0.1', resolve);
      else this.#server.listen(path, resolve);
    });
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Sets the next answer, and closes the connections of the case before early enough for clients to notice. */
  async play(bytes: Buffer, delivery: Delivery): Promise<void> {
    this.answer = { bytes, delivery };
    for (const socket of this.#sockets) socket.destroy();
    await turn();
    await turn();
    this.requests = [];
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (said) => {
      this.requests.push(said.toString('latin1'));
      this.#send(socket).catch(() => socket.destroy());
    });
  }

  async #send(socket: Socket): Promise<void> {
    const { bytes, delivery } = this.answer;
    if (delivery === 'in pieces') {
      const size = Math.max(1, Math.ceil(bytes.length / 9));
      for (let start = 0; start < bytes.length && !socket.destroyed; start += size) {
        socket.write(bytes.subarray(start, start + size));
        await turn();
      }
      socket.end();
    } else if (delivery === 'too slow') {
      for (let start = 0; !socket.destroyed; start += 1) {
        socket.write(bytes.subarray(start, start + 1));
        await delay(dripMs);
      }
    } else if (delivery === 'reset') socket.write(bytes, () => reset(socket));
    else if (delivery === 'never ends') socket.write(bytes);
    else socket.end(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

/** Only TCP has resets; a UNIX socket just closes. */
function reset(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
