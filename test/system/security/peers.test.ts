import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { PeerClient } from '../../../controller/observe/peers/peer-client.ts';
import { Peers } from '../../../controller/observe/peers/peers.ts';
import { ServingThread } from '../../../controller/run/serving-thread.ts';
import { formatProblem } from '../../../shared/contract/problem.ts';
import { silentLog } from '../../../shared/process/log.ts';
import { RenewedTls } from '../../../shared/tls/renewed-tls.ts';
import type { TlsFiles } from '../../../shared/tls/tls-files.ts';
import { freePort } from '../../../testbed/rig/ports.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { blackHole } from '../../support/black-hole.ts';
import { Authority, type Identity, tlsTest } from '../../support/certificates.ts';
import { server, status } from '../../support/status.ts';
import { counted, traffic } from '../../support/traffic.ts';

/* Controllers that ask each other over TLS, with client certificates and a token: the server and the client of production. */

const token = 'a-token-of-controllers';
const periodMs = 2_000;
const own = Array.from({ length: 1_000 }, (_, index) => {
  return { server: `web${index}`, address: `10.0.${index >> 8}.${index & 255}`, port: 8080 };
});

/** What a controller asks its peers with. */
interface Asking {
  readonly urls: readonly string[];
  readonly tls: TlsFiles | null;
  readonly token?: string;
  readonly timeoutMs?: number;
}

/** One controller's peers, on a clock that the test moves. */
class Asker implements Disposable {
  readonly peers: Peers;
  readonly self: { instance: string; haproxy: { node: string; pid: number; startedAtSeconds: number } };
  readonly #client: PeerClient;
  #nowMs = 1_000_000;

  constructor(node: string, { urls, tls, token: said = token, timeoutMs = 20_000 }: Asking) {
    this.#client = new PeerClient({
      timeoutMs,
      token: said,
      tls: tls === null ? null : new RenewedTls(tls, silentLog),
    });
    this.peers = new Peers({ urls, source: this.#client }, () => this.#nowMs);
    this.self = { instance: `controller of ${node}`, haproxy: { node, pid: 700, startedAtSeconds: 1_700_000_000 } };
  }

  async ask(): Promise<void> {
    this.#nowMs += periodMs;
    await this.peers.ask(this.self);
  }

  get elsewhere() {
    return this.peers.elsewhere('web', own, periodMs);
  }

  /** One line for each peer. */
  get lines(): readonly string[] {
    return this.peers.health.map(({ problem }) =>
      problem === null ? 'fine' : `${problem.code} ${formatProblem(problem)}`,
    );
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}

/** The status API of a controller, whose HAProxy does `index` requests in a tick on its server of this index. */
class Served implements AsyncDisposable {
  readonly #thread: ServingThread;
  readonly #tls: RenewedTls;
  readonly #loop: { traffic: ReturnType<typeof traffic> };
  readonly #node: string;
  #ticks = 0;

  private constructor(
    node: string,
    thread: ServingThread,
    tls: RenewedTls,
    loop: { traffic: ReturnType<typeof traffic> },
  ) {
    this.#node = node;
    this.#thread = thread;
    this.#tls = tls;
    this.#loop = loop;
  }

  static async start(node: string, port: number, identity: Identity, clientCa?: string): Promise<Served> {
    const tls = new RenewedTls({ ...identity, ca: clientCa }, silentLog);
    const loop = { status: status([server()]), firstProblem: null, traffic: traffic(0, []) };
    const listen = { host: '127.0.0.1', port };
    const settings = { listen, token, insecure: false, allowHosts: [], tokenHint: 'a token' };
    const served = new Served(node, await ServingThread.start({ settings, loop, tls, logger: silentLog }), tls, loop);
    served.tick();
    return served;
  }

  get url(): string {
    return this.#thread.url;
  }

  tick(): void {
    this.#ticks += 1;
    const servers = own.map((place, index) => {
      return counted({ ...place, ok: index * this.#ticks, started: index * this.#ticks, inFlight: 1 });
    });
    const haproxy = { node: this.#node, pid: 700, startedAtSeconds: 1_700_000_000 };
    const changes = { instance: `controller of ${this.#node}`, haproxy, periodMs };
    this.#loop.traffic = traffic(this.#ticks * periodMs, servers, changes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
    this.#tls[Symbol.dispose]();
  }
}

/** `fine` once a controller that asks like this has been told by this peer; else why it is not. */
async function lineOf(url: string, asking: Omit<Asking, 'urls'>, tick: () => void): Promise<string> {
  using asker = new Asker('lb-x', { urls: [url], ...asking });
  return await until(
    () => `an answer of ${url}: ${asker.lines}`,
    async () => {
      await asker.ask();
      tick();
      const [line = ''] = asker.lines;
      return line !== 'fine' || asker.elsewhere !== null ? line : null;
    },
  );
}

tlsTest(
  'two controllers learn 1,000 servers from each other over TLS; each leaves itself out of the same list',
  async (t) => {
    using authority = new Authority();
    const [a, b] = [authority.issue('a', 'IP:127.0.0.1'), authority.issue('b', 'IP:127.0.0.1')];
    await using servedA = await Served.start('lb-a', 0, a, authority.ca);
    await using servedB = await Served.start('lb-b', 0, b, authority.ca);
    const urls = [servedA.url, servedB.url];
    t.true(urls.every((url) => url.startsWith('https://')));
    using askerA = new Asker('lb-a', { urls, tls: { ca: authority.ca, ...a } });
    using askerB = new Asker('lb-b', { urls, tls: { ca: authority.ca, ...b } });
    await until(
      () => `both are told: ${askerA.lines} ${askerB.lines}`,
      async () => {
        for (const asker of [askerA, askerB]) await asker.ask();
        for (const served of [servedA, servedB]) served.tick();
        return askerA.elsewhere !== null && askerB.elsewhere !== null;
      },
    );
    const expected = own.map(({ server: name }, index) => [name, { ok: index, started: index, inFlight: 1 }]);
    for (const asker of [askerA, askerB]) t.deepEqual([...(asker.elsewhere ?? [])], expected);
    t.regex(askerA.lines[0] ?? '', /^peer-same .*the controller itself/);
    t.is(askerA.lines[1], 'fine');
    t.is(askerB.lines[0], 'fine');
    t.regex(askerB.lines[1] ?? '', /^peer-same .*the controller itself/);
  },
);

tlsTest(
  'a peer of another CA, for another name or without TLS is told in one line, and so is one that refuses us',
  async (t) => {
    using authority = new Authority();
    using other = new Authority('another CA');
    const identity = authority.issue('b', 'IP:127.0.0.1');
    const stranger = other.issue('x', 'IP:127.0.0.1');
    await using good = await Served.start('lb-b', 0, identity, authority.ca);
    await using misnamed = await Served.start('lb-c', 0, authority.issue('c', 'DNS:lb-c.example'), authority.ca);
    const ours = { ca: authority.ca, ...authority.issue('a', 'DNS:lb-a') };
    const only = async (asking: Omit<Asking, 'urls'>, url = good.url) => {
      const line = await lineOf(url, asking, () => good.tick());
      t.notRegex(line, /\n/);
      return line;
    };
    t.is(await only({ tls: ours }), 'fine');
    t.regex(
      await only({ tls: { ...ours, ca: other.ca } }),
      /^controller-certificate https:.*not trusted.*peers\.tls\.ca/,
    );
    t.regex(await only({ tls: ours }, misnamed.url), /^controller-certificate https:.*for another name; got/);
    t.regex(await only({ tls: { ca: authority.ca } }), /^controller-\w+ https:.*peers\.tls\.cert/);
    t.regex(await only({ tls: { ca: authority.ca, ...stranger } }), /^controller-\w+ https:/);
    t.regex(await only({ tls: ours, token: 'another-token-altogether' }), /^token-invalid https:.*peers\.tokenFile/);
    t.regex(await only({ tls: ours }, good.url.replace('https', 'http')), /^controller-unreachable http:.*https:/);
    const nobody = `https://127.0.0.1:${await freePort()}`;
    t.regex(await only({ tls: ours }, nobody), /^controller-unreachable https:.*ECONNREFUSED/);
  },
);

/** Speaks TLS with this certificate, and then does as it likes. */
async function hostile({ cert, key }: Identity, listener: RequestListener) {
  const peer = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, listener).listen(0, '127.0.0.1');
  await once(peer, 'listening');
  const close = async () => {
    peer.closeAllConnections();
    await new Promise((resolve) => peer.close(resolve));
  };
  return { url: `https://127.0.0.1:${(peer.address() as AddressInfo).port}`, [Symbol.asyncDispose]: close };
}

tlsTest('peers that are silent, hang or never end cost the good one nothing, and no tick waits for them', async (t) => {
  using authority = new Authority();
  const identity = authority.issue('b', 'IP:127.0.0.1');
  await using good = await Served.start('lb-b', 0, identity);
  await using silent = await blackHole();
  await using hanging = await hostile(identity, () => undefined);
  await using dripping = await hostile(identity, (_, response) => {
    const timer = setInterval(() => response.write(' '), 20);
    response.writeHead(200).on('close', () => clearInterval(timer));
  });
  let mostSent = 0;
  await using huge = await hostile(identity, (_, response) => {
    let sent = 0;
    const more = () => {
      sent += 262_144;
      mostSent = Math.max(mostSent, sent);
      if (!response.destroyed) response.write(' '.repeat(262_144), () => setImmediate(more));
    };
    more();
  });
  const urls = [`https://127.0.0.1:${silent.port}`, hanging.url, dripping.url, huge.url, good.url];
  const timeoutMs = 3_000;
  using asker = new Asker('lb-a', { urls, tls: { ca: authority.ca }, timeoutMs });
  // the first answer of all takes a handshake, which a tick does not wait for on a busy machine
  for (let tick = 0; tick < 100 && asker.elsewhere === null; tick += 1) {
    const startedMs = performance.now();
    await asker.ask();
    t.true(performance.now() - startedMs < timeoutMs, 'no tick waits for the deadline');
    good.tick();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  t.is(asker.elsewhere?.get('web7')?.ok, 7);
  t.is(asker.lines[4], 'fine');
  while (asker.lines.slice(0, 4).some((line) => line === 'fine')) {
    await asker.ask();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const [first, second, third, fourth] = asker.lines;
  for (const line of [first, second, third])
    t.regex(line ?? '', /^controller-unreachable https:.*did not answer in time/);
  t.regex(fourth ?? '', /^peer-invalid https:.*8388608/);
  t.true(mostSent < 64 * 1_048_576, `it took ${mostSent} bytes of one answer`);
});
