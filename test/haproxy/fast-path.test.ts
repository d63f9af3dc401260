import type { StatRow } from '../../haproxy/runtime-api.ts';
import { until } from '../../testbed/rig/wait.ts';
import { type HttpServer, httpServer } from '../support/http-server.ts';
import { ExampleHaproxy } from './example.ts';
import { expectOk, haproxyTest as test } from './setup.ts';

/* What HAProxy does by itself, with the lines that haproxy/haproxy.cfg recommends. */

/** An application server that can go, return and fail. */
class Application implements AsyncDisposable {
  readonly port: number;
  /** Methods of requests that it answered with 500; checks are answered well. */
  readonly failed: string[] = [];
  fails = false;
  #server: HttpServer | null;

  private constructor(server: HttpServer) {
    this.#server = server;
    this.port = server.port;
  }

  static async start(): Promise<Application> {
    let self: Application | null = null;
    const server = await httpServer(({ method = '', headers }, response) => {
      if (self?.fails !== true || headers.host === 'localhost') response.end();
      else {
        self.failed.push(method);
        response.writeHead(500).end();
      }
    });
    self = new Application(server);
    return self;
  }

  async go(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = null;
  }

  async return(): Promise<void> {
    this.#server = await httpServer((_, response) => response.end(), '127.0.0.1', this.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.go();
  }
}

class Play implements AsyncDisposable {
  readonly haproxy: ExampleHaproxy;
  readonly web2: Application;
  readonly all: readonly Application[];
  readonly #stack: AsyncDisposableStack;

  private constructor(
    haproxy: ExampleHaproxy,
    all: readonly Application[],
    web2: Application,
    stack: AsyncDisposableStack,
  ) {
    this.haproxy = haproxy;
    this.all = all;
    this.web2 = web2;
    this.#stack = stack;
  }

  /** All servers are UP. */
  static async start(): Promise<Play> {
    const stack = new AsyncDisposableStack();
    const others = [await Application.start(), await Application.start(), await Application.start()] as const;
    const web2 = stack.use(await Application.start());
    for (const each of others) stack.use(each);
    const all = [others[0], web2, others[1], others[2]];
    const haproxy = stack.use(await ExampleHaproxy.start(all.map(({ port }) => port)));
    const play = new Play(haproxy, all, web2, stack);
    await until('all UP', async () => (await play.rows()).every(({ status }) => status === 'UP'));
    return play;
  }

  async rows(): Promise<readonly StatRow[]> {
    return expectOk(await this.haproxy.api.stats('web')).filter(({ kind }) => kind === 'server');
  }

  async web2Row(): Promise<StatRow | undefined> {
    return (await this.rows()).find(({ name }) => name === 'web2');
  }

  /** How often each status was the answer. */
  async ask(count: number, method: 'GET' | 'POST' = 'GET'): Promise<Readonly<Record<number, number>>> {
    const seen: Record<number, number> = {};
    for (let sent = 0; sent < count; sent += 1) {
      const { status } = await this.haproxy.ask(method);
      seen[status] = (seen[status] ?? 0) + 1;
    }
    return seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

test('a server that refuses connections is down after three of them, no request fails, and it comes back', async (t) => {
  await using play = await Play.start();
  await play.ask(8);
  await play.web2.go();
  t.deepEqual(await play.ask(40), { 200: 40 });
  const row = await play.web2Row();
  t.is(row?.status, 'DOWN');
  t.true((row?.redispatches ?? 99) <= 3, `${row?.redispatches} requests went there first`);
  await play.web2.return();
  await until('web2 is back', async () => (await play.web2Row())?.status === 'UP');
});

test('when all servers refused at once, they serve again as soon as their checks have succeeded twice', async (t) => {
  await using play = await Play.start();
  await Promise.all(play.all.map((each) => each.go()));
  await until('all down', async () => {
    await play.ask(1);
    return (await play.rows()).every(({ status }) => status.startsWith('DOWN'));
  });
  await Promise.all(play.all.map((each) => each.return()));
  const backAtMs = performance.now();
  await until('served', async () => (await play.ask(1))[200] === 1);
  const tookMs = performance.now() - backAtMs;
  // two checks, 500 ms apart; `inter` is 2 s
  t.true(tookMs < 2_000, `${tookMs} ms`);
});

test('a GET that a server answers with 500 is repeated at another server, a POST is not', async (t) => {
  await using play = await Play.start();
  play.web2.fails = true;
  t.deepEqual(await play.ask(12), { 200: 12 });
  const attempts = play.web2.failed.length;
  t.true(attempts >= 3);
  // no error is counted for what was repeated: the attempts tell
  t.like(await play.web2Row(), { responses5xx: 0, retries: attempts, redispatches: attempts });
  t.deepEqual(await play.ask(12, 'POST'), { 200: 9, 500: 3 });
  t.deepEqual(play.web2.failed.slice(attempts), Array(3).fill('POST'));
});
