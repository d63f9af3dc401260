import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** How the socket behaves; everything else is HAProxy's own answer. */
export type Behaviour =
  | { readonly kind: 'pass' }
  /** Every answer waits this long. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** The answer's first bytes, then the end of the stream; from the end if negative, as of `slice`. */
  | { readonly kind: 'cut'; readonly bytes: number }
  /** The answer's first bytes, then nothing more, and no end. */
  | { readonly kind: 'stall'; readonly bytes: number }
  /** Closed without an answer, and HAProxy never gets the command. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'answer'; readonly text: string };

/** Whether a command line writes weights; all others only read. */
export function isWrite(line: string): boolean {
  return line.startsWith('set ');
}

/**
 * A UNIX socket in front of HAProxy's stats socket that injects faults. Unless said otherwise every command still reaches
 * HAProxy: a command whose answer is cut has still been executed.
 */
export class FaultySocket implements AsyncDisposable {
  readonly path: string;
  behaviour: Behaviour = { kind: 'pass' };
  /** Only commands that this picks see the fault. */
  picks: (line: string) => boolean = () => true;
  /** Called before a command is passed on, which waits for it. */
  beforeCommand: (line: string) => Promise<void> = () => Promise.resolve();
  /** Every command line that came, in order. */
  readonly commands: string[] = [];
  /** How many clients waited for an answer at most at once since this was last set to 0. */
  mostClients = 0;
  readonly #target: string;
  readonly #open = new Set<Socket>();
  #clients = 0;
  #server: Server | null = null;

  constructor(path: string, target: string) {
    this.path = path;
    this.#target = target;
  }

  /** Behaves like that, towards the commands that `picks` picks, or towards all. */
  behave(behaviour: Behaviour, picks: (line: string) => boolean = () => true): void {
    this.behaviour = behaviour;
    this.picks = picks;
  }

  /** Listens, open to all users or with these permissions. */
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
    let isAsking = false;
    // whichever comes first: our answer, after which HAProxy closes the connection, the client's end, or its failure
    const leaves = () => {
      if (isAsking) this.#clients -= 1;
      isAsking = false;
    };
    client.on('finish', leaves).on('end', leaves).on('close', leaves);
    this.#keep(client);
    let command = '';
    client.on('data', (chunk: Buffer) => {
      command += chunk.toString('latin1');
      if (!command.endsWith('\n')) return;
      isAsking = true;
      this.#clients += 1;
      this.mostClients = Math.max(this.mostClients, this.#clients);
      const line = command.trimEnd();
      command = '';
      this.commands.push(line);
      void this.beforeCommand(line).then(() => this.#pass(client, line));
    });
  }

  #pass(client: Socket, line: string): void {
    const behaviour: Behaviour = this.picks(line) ? this.behaviour : { kind: 'pass' };
    if (behaviour.kind === 'lost') {
      client.destroy();
      return;
    }
    const upstream = connect(this.#target);
    this.#keep(upstream);
    upstream.write(`${line}\n`, 'latin1');
    const answer: Buffer[] = [];
    let isWhole = false;
    upstream.on('data', (chunk: Buffer) => answer.push(chunk));
    upstream.on('end', () => {
      isWhole = true;
      spoil(client, Buffer.concat(answer), behaviour);
    });
    // HAProxy is gone: the client's connection ends too, as if there were nothing between them
    upstream.on('close', () => {
      if (!isWhole) client.destroy();
    });
  }

  #keep(socket: Socket): void {
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
    socket.on('error', () => socket.destroy());
  }
}

function spoil(client: Socket, whole: Buffer, behaviour: Exclude<Behaviour, { kind: 'lost' }>): void {
  if (behaviour.kind === 'pass') client.end(whole);
  else if (behaviour.kind === 'slow') setTimeout(() => client.end(whole), behaviour.delayMs).unref();
  else if (behaviour.kind === 'cut') client.end(whole.subarray(0, behaviour.bytes));
  else if (behaviour.kind === 'stall') client.write(whole.subarray(0, behaviour.bytes));
  else client.end(behaviour.text);
}
