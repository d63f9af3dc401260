import { once } from 'node:events';
import { request, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { StatRow } from '../../haproxy/runtime-api.ts';
import { type Configuration, renderConfiguration } from '../../testbed/rig/haproxy-configuration.ts';
import { type HaproxyProcess, startHaproxy } from '../../testbed/rig/haproxy-process.ts';
import { until } from '../../testbed/rig/wait.ts';
import { DatagramReceiver } from '../support/datagram-receiver.ts';
import { type HttpServer, httpServer } from '../support/http-server.ts';
import { expectOk } from './setup.ts';

export interface Setup {
  /** What follows on the line of each server, such as `maxconn 1`, by the server's name. */
  readonly servers: Readonly<Record<string, string>>;
  /** Lines of the backend. */
  readonly lines?: readonly string[];
  /** What follows `balance`; roundrobin unless given. */
  readonly algorithm?: string;
  readonly frontends?: Configuration['frontends'];
  readonly defaults?: readonly string[];
  readonly mode?: 'http' | 'tcp';
  readonly sockets?: Configuration['sockets'];
}

type Held = Map<string, { readonly server: string; readonly response: ServerResponse }>;

const timeouts = ['timeout connect 5s', 'timeout client 30s', 'timeout server 30s', 'timeout queue 30s'];
const limitMs = 15_000;
/** Of /download: more than all buffers on the way to a client that does not read. */
const downloadBytes = 32 * 2 ** 20;
/** The key that /socket expects, and its answer: the example of RFC 6455. */
export const webSocketKey = 'dGhlIHNhbXBsZSBub25jZQ==';
const switching =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

/**
 * HAProxy in front of application servers that hold every request until the test has it answered, but for /download (large) and
 * /socket (a WebSocket, without words).
 */
export class HeldRequests implements AsyncDisposable {
  readonly haproxy: HaproxyProcess;
  readonly #held: Held;
  readonly #log: DatagramReceiver;
  readonly #servers: ReadonlyMap<string, HttpServer>;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    haproxy: HaproxyProcess,
    log: DatagramReceiver,
    servers: ReadonlyMap<string, HttpServer>,
    held: Held,
    stack: AsyncDisposableStack,
  ) {
    this.haproxy = haproxy;
    this.#log = log;
    this.#servers = servers;
    this.#held = held;
    this.#stack = stack;
  }

  static async start(setup: Setup): Promise<HeldRequests> {
    await using starting = new AsyncDisposableStack();
    const held: Held = new Map();
    const servers = new Map<string, HttpServer>();
    for (const name of Object.keys(setup.servers)) {
      const server = await httpServer(({ url = '' }, response) => {
        if (url === '/download') response.end(Buffer.alloc(downloadBytes));
        else if (url === '/socket') response.socket?.write(switching);
        else held.set(url.slice(1), { server: name, response });
      });
      servers.set(name, server);
      starting.defer(() => server[Symbol.asyncDispose]());
    }
    const {
      frontends = [],
      defaults = timeouts,
      mode = 'http',
      algorithm = 'roundrobin',
      lines = [],
      sockets = [],
    } = setup;
    const configuration = renderConfiguration({
      defaults: [...defaults, 'log unix@log.sock local0', `option ${mode}log`],
      sockets,
      frontends: [{ name: 'usual', bind: 'unix@http.sock', backend: 'web', mode, lines: ['log global'] }, ...frontends],
      backends: [
        {
          name: 'web',
          mode,
          algorithm,
          lines,
          servers: Object.entries(setup.servers).map(([name, options]) => {
            return { name, address: servers.get(name)?.address ?? '', options };
          }),
        },
      ],
    });
    const haproxy = starting.use(await startHaproxy({ configuration, masterWorker: true }));
    const log = starting.use(new DatagramReceiver(join(haproxy.folder, 'log.sock')));
    return new HeldRequests(haproxy, log, servers, held, starting.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  /** Sends a GET for a path that names it. Its status; 0: the connection broke. */
  async ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const socketPath = join(this.haproxy.folder, 'http.sock');
    const sent = request({ socketPath, path: `/${path}`, headers: { host: 'a', ...headers }, agent: false }).end();
    try {
      const [response] = await once(sent, 'response');
      await text(response);
      return response.statusCode;
    } catch {
      return 0;
    }
  }

  /** From now on this server refuses connections, and those that it has break. */
  async die(server: string): Promise<void> {
    await this.#servers.get(server)?.[Symbol.asyncDispose]();
  }

  /** The paths that a server is working on, or all servers. */
  held(server?: string): readonly string[] {
    return [...this.#held].filter(([, each]) => server === undefined || each.server === server).map(([path]) => path);
  }

  /** Waits until the servers work on as many. */
  async holds(count: number): Promise<void> {
    await until(
      () => `${count} at work; ${this.held().length} are`,
      () => this.held().length === count,
      { limitMs },
    );
  }

  /** Sends requests, each when HAProxy counts the one before as in flight or queued. */
  async send(paths: readonly string[]): Promise<readonly Promise<number>[]> {
    const asked: Promise<number>[] = [];
    const { currentSessions: before = 0 } = (await this.#backend()) ?? {};
    for (const [index, path] of paths.entries()) {
      asked.push(this.ask(path));
      await until(path, async () => (await this.#backend())?.currentSessions === before + index + 1, { limitMs });
    }
    return asked;
  }

  async #backend(): Promise<StatRow | undefined> {
    return expectOk(await this.haproxy.api.stats('web')).find(({ kind }) => kind === 'backend');
  }

  /** Answers one request as soon as its server has it. */
  async answer(path: string): Promise<void> {
    await until(`${path} at work`, () => this.#held.has(path), { limitMs });
    this.#end(path);
  }

  #end(path: string): void {
    this.#held.get(path)?.response.end();
    this.#held.delete(path);
  }

  /** Answers whatever comes until all of these are settled. */
  async answerAll<Value>(asked: readonly Promise<Value>[]): Promise<readonly Value[]> {
    const timer = setInterval(() => {
      for (const path of this.held()) this.#end(path);
    }, 10);
    try {
      return await Promise.all(asked);
    } finally {
      clearInterval(timer);
    }
  }

  /** Waits until HAProxy shows this by server: requests in flight + requests queued, such as `1+2`. */
  async shows(expected: Readonly<Record<string, string>>): Promise<void> {
    let seen = '';
    const wanted = JSON.stringify(expected);
    const isShown = async () => {
      const rows = expectOk(await this.haproxy.api.stats('web'));
      const named = rows.filter(({ name }) => name in expected);
      seen = JSON.stringify(Object.fromEntries(named.map((row) => [row.name, `${row.currentSessions}+${row.queued}`])));
      return seen === wanted;
    };
    await until(() => `${wanted}; HAProxy shows ${seen}`, isShown, { limitMs });
  }

  /** What `show stat` has as the limit of each server, and of the backend. */
  async limits(): Promise<Readonly<Record<string, number | null>>> {
    return Object.fromEntries(expectOk(await this.haproxy.api.stats('web')).map(({ name, limit }) => [name, limit]));
  }

  /** How as many sessions ended, such as `sQ`: those that are logged first since the last time. */
  async ends(count: number): Promise<readonly string[]> {
    const ends: string[] = [];
    await until('the log', () => {
      const lines = this.#log.messages().flat().join('\n');
      // after the timers comes the status, in mode http, and the bytes
      const found = lines.matchAll(/ (?:-?\d+\/){2,4}\+?-?\d+ (?:\d+ )?\d+ (?:- - )?(\S\S)/g);
      ends.push(...[...found].map(([, end = '']) => end));
      return ends.length >= count;
    });
    return ends.sort();
  }
}
