import type { ExecutionContext } from 'ava';
import { configSchema } from '../../../controller/config/schema.ts';
import { Loop } from '../../../controller/loop/loop.ts';
import { PeerClient } from '../../../controller/observe/peers/peer-client.ts';
import { ServingThread } from '../../../controller/run/serving-thread.ts';
import { agentUnreachable } from '../../../shared/contract/problems/agent.ts';
import { err } from '../../../shared/contract/result.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { type HaproxyProcess, startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { freePort } from '../../../testbed/rig/ports.ts';
import { haproxyTest } from '../../haproxy/setup.ts';
import { httpServer } from '../../support/http-server.ts';
import { recordingLogger } from '../support/recording-logger.ts';

const token = 'a-token-of-controllers';

/** A real HAProxy, the loop beside it on a clock that a test moves, and what it serves and asks. */
class Node implements AsyncDisposable {
  readonly haproxy: HaproxyProcess;
  readonly port: number;
  readonly lines: ReturnType<typeof recordingLogger>['lines'];
  readonly loop: Loop;
  readonly #peers = new PeerClient({ timeoutMs: 5_000, token, tls: null });
  #serving: ServingThread | null = null;
  /** The clocks of two controllers have nothing in common. */
  #nowMs: number;

  private constructor(haproxy: HaproxyProcess, port: number, urls: readonly string[]) {
    this.haproxy = haproxy;
    this.port = port;
    this.#nowMs = 1_000 * port;
    const { logger, lines } = recordingLogger();
    this.lines = lines;
    const agents = {
      deadline: () => new AbortController().signal,
      fetch: (url: string) => Promise.resolve(err(agentUnreachable(url, 'silent'))),
    };
    const config = configSchema.parse({ haproxy: { socket: haproxy.socket }, backends: [{ name: 'web' }] });
    const clock = { monotonicMs: () => this.#nowMs, wallMs: () => 0 };
    const peers = { urls, source: this.#peers };
    this.loop = new Loop({ config, api: haproxy.api, agents, logger, clock, peers });
  }

  static async start(server: { name: string; address: string }, urls: readonly string[]): Promise<Node> {
    const port = await freePort();
    const configuration = renderConfiguration({
      frontends: [{ name: 'front', bind: `127.0.0.1:${port}`, backend: 'web' }],
      backends: [{ name: 'web', servers: [server] }],
    });
    return new Node(await startHaproxy({ configuration }), port, urls);
  }

  /** Serves at this port; the URL. */
  async serve(port: number): Promise<void> {
    const { logger } = recordingLogger();
    const settings = { listen: { host: '127.0.0.1', port }, token, insecure: false, allowHosts: [], tokenHint: '' };
    this.#serving = await ServingThread.start({ settings, loop: this.loop, tls: null, logger });
  }

  async silence(): Promise<void> {
    await this.#serving?.[Symbol.asyncDispose]();
    this.#serving = null;
  }

  async tick(): Promise<void> {
    this.#nowMs += 2_000;
    await this.loop.tick();
  }

  async requests(count: number): Promise<void> {
    for (let sent = 0; sent < count; sent += 1) await (await fetch(`http://127.0.0.1:${this.port}/`)).text();
  }

  get elsewhere() {
    return this.loop.status.backends[0]?.servers[0]?.elsewhere;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.silence();
    this.#peers[Symbol.dispose]();
    await this.haproxy.stop();
  }
}

/** Two HAProxys before one server, which they call by different names; each controller names both. */
async function pair() {
  const app = await httpServer((_, response) => response.end('ok'));
  const ports = [await freePort(), await freePort()] as const;
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const a = await Node.start({ name: 'web1', address: app.address }, urls);
  const b = await Node.start({ name: 'slot7', address: app.address }, urls);
  await a.serve(ports[0]);
  await b.serve(ports[1]);
  const dispose = async () => {
    await Promise.all([a, b].map((node) => node[Symbol.asyncDispose]()));
    await app[Symbol.asyncDispose]();
  };
  return { a, b, urls, [Symbol.asyncDispose]: dispose };
}

const codesOf = (t: ExecutionContext, node: Node) => {
  const { peers } = node.loop.status;
  t.is(peers.length, 2);
  return peers.map(({ code }) => code);
};

haproxyTest('a standby counts what the active HAProxy does, and each controller leaves itself out', async (t) => {
  await using both = await pair();
  const { a, b } = both;
  await a.tick();
  await b.tick();
  t.is(b.elsewhere, null, 'one reading tells nothing');
  await a.requests(12);
  await a.tick();
  await b.tick();
  t.deepEqual(b.elsewhere, { ok: 12, started: 12, inFlight: 0 });
  t.like(b.loop.status.backends[0]?.servers[0]?.traffic, { ok: 0 });
  t.deepEqual(codesOf(t, b), [null, 'peer-same']);
  t.deepEqual(codesOf(t, a), ['peer-same', null]);
  await a.tick();
  await b.requests(3);
  await b.tick();
  await a.tick();
  t.is(a.elsewhere?.ok, 3);
  const said = b.lines.filter(({ message }) => message === 'peer problem');
  t.is(said.length, 1, JSON.stringify(said));
});

haproxyTest('a peer that falls silent is said once and is as none; back again it counts from then on', async (t) => {
  await using both = await pair();
  const { a, b, urls } = both;
  await a.tick();
  await b.tick();
  await a.requests(4);
  await a.tick();
  await b.tick();
  t.is(b.elsewhere?.ok, 4);
  await a.silence();
  for (let tick = 0; tick < 5; tick += 1) await b.tick();
  t.is(b.elsewhere, null);
  t.deepEqual(codesOf(t, b), ['controller-unreachable', 'peer-same']);
  const said = () =>
    b.lines.filter((line) => line.message.startsWith('peer problem') && JSON.stringify(line).includes(urls[0] ?? '-'));
  t.is(said().length, 1);
  await a.requests(50);
  await a.serve(Number(new URL(urls[0] ?? '').port));
  await a.tick();
  await b.tick();
  t.is(b.elsewhere, null, 'what happened meanwhile is not of one tick');
  await a.requests(5);
  await a.tick();
  await b.tick();
  t.is(b.elsewhere?.ok, 5);
  t.is(said().at(-1)?.message, 'peer problem: over');
});
