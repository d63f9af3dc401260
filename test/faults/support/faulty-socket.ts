import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** How the socket behaves; what it does not spoil is HAProxy's own. */
export type Behaviour =
  | { readonly kind: 'pass' }
  /** Every answer waits this long. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** The answer's first bytes, then the end of the stream. */
  | { readonly kind: 'cut'; readonly bytes: number }
  /** The answer's first bytes, then nothing more, and no end. */
  | { readonly kind: 'stall'; readonly bytes: number }
  | { readonly kind: 'answer'; readonly text: string };

/**
 * A UNIX socket in front of HAProxy's stats socket, on which things go wrong as told. What reaches HAProxy is HAProxy's:
 * a command whose answer is cut has still been executed.
 */
export class FaultySocket implements AsyncDisposable {
  readonly path: string;
  behaviour: Behaviour = { kind: 'pass' };
  /** Every command line that came, in order. */
  readonly commands: string[] = [];
  readonly #target: string;
  readonly #open = new Set<Socket>();
  #server: Server | null = null;

  constructor(path: string, target: string) {
    this.path = path;
    this.#target = target;
  }

  /** Listens, for everybody or with these permissions. */
  async listen(mode = 0o666): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (client) => this.#serve(client));
    server.listen(this.path);
    await once(server, 'listening');
    this.#server = server;
    await chmod(this.path, mode);
  }

  /** The path is gone, as after HAProxy ended, and so are open connections. */
  async vanish(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const socket of this.#open) socket.destroy();
    if (server !== null) {
      server.close();
      await once(server, 'close');
    }
    await rm(this.path, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vanish();
  }

  #serve(client: Socket): void {
    const upstream = connect(this.#target);
    for (const socket of [client, upstream]) {
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
      socket.on('error', () => socket.destroy());
    }
    client.on('data', (chunk: Buffer) => {
      this.commands.push(chunk.toString('latin1').trimEnd());
      upstream.write(chunk);
    });
    const answer: Buffer[] = [];
    upstream.on('data', (chunk: Buffer) => answer.push(chunk));
    upstream.on('end', () => this.#answer(client, Buffer.concat(answer)));
  }

  #answer(client: Socket, whole: Buffer): void {
    const behaviour = this.behaviour;
    if (behaviour.kind === 'pass') client.end(whole);
    else if (behaviour.kind === 'slow') setTimeout(() => client.end(whole), behaviour.delayMs).unref();
    else if (behaviour.kind === 'cut') client.end(whole.subarray(0, behaviour.bytes));
    else if (behaviour.kind === 'stall') client.write(whole.subarray(0, behaviour.bytes));
    else client.end(behaviour.text);
  }
}
