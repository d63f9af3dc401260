import { get, type RequestListener, type ServerResponse } from 'node:http';
import type { StatRow } from '../../haproxy/runtime-api.ts';
import { renderConfiguration } from '../../testbed/rig/haproxy-configuration.ts';
import { type HaproxyProcess, startHaproxy } from '../../testbed/rig/haproxy-process.ts';
import { freePort } from '../../testbed/rig/ports.ts';
import { until } from '../../testbed/rig/wait.ts';
import { httpServer } from '../support/http-server.ts';
import { type QueueOptions, type QueueWorld, queueRules, seen, stepsOf } from '../support/queue-rules.ts';
import { expectOk, haproxyTest as test, testedVersion } from './setup.ts';

const backend = 'web';

/** A real HAProxy before servers that hold requests. */
class RealWorld implements QueueWorld, AsyncDisposable {
  readonly backend = backend;
  readonly api: HaproxyProcess['api'];
  /** Status of each request's answer; null: none so far. */
  readonly statuses: (number | null)[] = [];
  readonly #held = new Map<number, { readonly server: number; readonly response: ServerResponse }>();
  readonly #stack = new AsyncDisposableStack();
  readonly #port: number;

  private constructor(api: HaproxyProcess['api'], port: number) {
    this.api = api;
    this.#port = port;
  }

  static async start(options: QueueOptions, timeoutQueueMs = 60_000): Promise<RealWorld> {
    const stack = new AsyncDisposableStack();
    const port = await freePort();
    const hold: RealWorld['hold'][] = [];
    const servers: Awaited<ReturnType<typeof httpServer>>[] = [];
    for (let server = 0; server < options.servers; server += 1) {
      const listener: RequestListener = ({ url = '' }, response) => hold[0]?.(server, url, response);
      servers.push(stack.use(await httpServer(listener)));
    }
    const configuration = configurationOf(
      options,
      servers.map(({ address }) => address),
      port,
      timeoutQueueMs,
    );
    const haproxy = stack.use(await startHaproxy({ configuration }));
    const world = new RealWorld(haproxy.api, port);
    hold.push((...request) => world.hold(...request));
    world.#stack.use(stack);
    return world;
  }

  hold(server: number, url: string, response: ServerResponse): void {
    this.#held.set(Number(url.slice(1)), { server, response });
  }

  async send(count: number): Promise<void> {
    for (let sent = 0; sent < count; sent += 1) {
      const [number, before] = [this.statuses.push(null) - 1, await this.#sessions()];
      const request = get({ host: '127.0.0.1', port: this.#port, path: `/${number}`, agent: false }, (response) => {
        this.statuses[number] = response.statusCode ?? 0;
        response.resume();
      });
      // a test's end cuts it off
      request.on('error', () => {});
      await until(`request ${number} in HAProxy`, async () => (await this.#sessions()) === before + 1);
    }
    await this.#settle();
  }

  async finish(request: number): Promise<void> {
    const before = await this.#sessions();
    this.#held.get(request)?.response.end();
    await until(`the end of request ${request}`, async () => (await this.#sessions()) === before - 1);
    await this.#settle();
  }

  serverOf(request: number): number | null {
    return this.#held.get(request)?.server ?? null;
  }

  async row(kind: StatRow['kind']): Promise<StatRow | undefined> {
    return expectOk(await this.api.stats(backend)).find((each) => each.kind === kind);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  /** Until every request is where HAProxy says that it is. */
  async #settle(): Promise<void> {
    await until('requests at their servers', async () => {
      const { queued } = await seen(this);
      return this.#held.size + queued === this.statuses.length;
    });
  }

  async #sessions(): Promise<number> {
    return (await this.row('backend'))?.currentSessions ?? Number.NaN;
  }
}

function configurationOf(options: QueueOptions, addresses: readonly string[], port: number, timeoutQueueMs: number) {
  const { balance = 'roundrobin', maxconn, minconn, fullconn } = options;
  const limits = [maxconn === undefined ? '' : `maxconn ${maxconn}`, minconn === undefined ? '' : `minconn ${minconn}`];
  return renderConfiguration({
    frontends: [{ name: 'front', bind: `127.0.0.1:${port}`, backend }],
    backends: [
      {
        name: backend,
        algorithm: balance,
        lines: [`timeout queue ${timeoutQueueMs}ms`, ...(fullconn === undefined ? [] : [`fullconn ${fullconn}`])],
        servers: addresses.map((address, index) => ({ name: `s${index + 1}`, address, options: limits.join(' ') })),
      },
    ],
  });
}

for (const { title, options, play } of queueRules) {
  test(title, async (t) => {
    await using world = await RealWorld.start(options);
    await play(stepsOf(world, (actual, expected, why) => t.deepEqual(actual, expected, why)));
  });
}

test('after timeout queue the client gets 503, which the backend counts and no server', async (t) => {
  await using world = await RealWorld.start({ servers: 1, maxconn: 1 }, 200);
  await world.send(2);
  await until('the 503', () => world.statuses[1] === 503);
  t.deepEqual(await seen(world), { served: [1], queued: 0 });
  t.like(await world.row('backend'), { connectionErrors: 1, responses5xx: 1 });
  t.like(await world.row('server'), { connectionErrors: 0, responses5xx: 0 });
});

test('with a queue and nothing in flight a new request waits behind it in 2.6, and in 3.0 goes to a server', async (t) => {
  await using world = await RealWorld.start({ servers: 1, maxconn: 1 });
  const { weight } = stepsOf(world, t.deepEqual);
  await world.send(2);
  await weight('s1', 0);
  await world.finish(0);
  await weight('s1', 100);
  await world.send(1);
  // after all servers were at weight 0 for a moment, 2.6 lets nobody through while requests keep coming
  const expected = testedVersion.startsWith('2.') ? { served: [0], queued: 2 } : { served: [1], queued: 1 };
  t.deepEqual(await seen(world), expected);
});
