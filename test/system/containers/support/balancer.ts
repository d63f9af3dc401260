import type { StartedTestContainer } from 'testcontainers';
import { Wait } from 'testcontainers';
import { RuntimeApi, type StatRow } from '../../../../haproxy/runtime-api.ts';
import { type Status, statusSchema } from '../../../../shared/contract/status.ts';
import { docker, haproxyImage } from './engine.ts';
import { HardenedContainer, LoopbackContainer } from './hardened-container.ts';
import { appPort, controllerPort, type Surroundings, tokenInside } from './surroundings.ts';

const frontendPort = 8000;
const statsPort = 9999;
/** HAProxy's socket, on a volume that both containers mount. */
const socketFolder = '/run/haproxy';
/** User of the controller's container, and here of HAProxy's too: the socket belongs to both. */
const user = 1000;

/** HAProxy in a container, and the controller in another one, with HAProxy's socket on a volume that they share. */
export class Balancer {
  readonly haproxy: StartedTestContainer;
  readonly controller: StartedTestContainer;
  readonly #api: RuntimeApi;
  readonly #token: string;

  private constructor(haproxy: StartedTestContainer, controller: StartedTestContainer, token: string) {
    this.haproxy = haproxy;
    this.controller = controller;
    this.#api = new RuntimeApi({ socket: `127.0.0.1:${haproxy.getMappedPort(statsPort)}`, timeoutMs: 10_000 });
    this.#token = token;
  }

  static async start(servers: readonly string[], surroundings: Surroundings): Promise<Balancer> {
    const { image, label, name, network, token, tokenFile } = surroundings;
    const labels = Object.entries(label).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
    await docker(
      'volume',
      'create',
      ...labels,
      ...['type=tmpfs', 'device=tmpfs', `o=uid=${user},mode=700`].flatMap((option) => ['--opt', option]),
      name,
    );
    const socketVolume = { source: name, target: socketFolder };
    const haproxy = await new LoopbackContainer(await haproxyImage())
      .withLabels(label)
      .withNetwork(network)
      .withNetworkAliases('haproxy')
      .withUser(String(user))
      .withResourcesQuota({ cpu: 0.5, memory: 0.25 })
      .withBindMounts([socketVolume])
      .withCopyContentToContainer([
        { content: configuration(servers), target: '/usr/local/etc/haproxy/haproxy.cfg', mode: 0o444 },
      ])
      .withExposedPorts(frontendPort, statsPort)
      .withWaitStrategy(Wait.forHttp('/healthz', frontendPort))
      .start();
    const controller = await new HardenedContainer(image)
      .withLabels(label)
      .withNetwork(network)
      .withNetworkAliases('controller')
      .withResourcesQuota({ cpu: 0.5, memory: 0.25 })
      .withBindMounts([socketVolume, { source: tokenFile, target: tokenInside, mode: 'ro' }])
      .withCommand([
        ...['controller', '--backend', 'web', '--socket', `${socketFolder}/admin.sock`, '--period-ms', '1000'],
        ...['--listen', `0.0.0.0:${controllerPort}`, '--token-file', tokenInside, '--agent-token-file', tokenInside],
      ])
      .withExposedPorts(controllerPort)
      .withWaitStrategy(Wait.forHttp('/healthz', controllerPort))
      .start();
    return new Balancer(haproxy, controller, token);
  }

  /** Where clients send their requests, on loopback. */
  get port(): number {
    return this.haproxy.getMappedPort(frontendPort);
  }

  /** Servers of the backend as HAProxy itself has them, by name. */
  async rows(): Promise<ReadonlyMap<string, StatRow>> {
    const rows = await this.#api.stats('web');
    if (!rows.ok) throw new Error(`HAProxy: ${rows.error.what}`);
    return new Map(rows.value.filter(({ kind }) => kind === 'server').map((row) => [row.name, row]));
  }

  async weights(): Promise<Readonly<Record<string, number>>> {
    return Object.fromEntries([...(await this.rows()).values()].map(({ name, weight }) => [name, weight]));
  }

  async weight(server: string): Promise<number> {
    return (await this.weights())[server] ?? Number.NaN;
  }

  async status(): Promise<Status> {
    const answer = await fetch(`http://127.0.0.1:${this.controller.getMappedPort(controllerPort)}/v1/status`, {
      headers: { authorization: `Bearer ${this.#token}` },
    });
    return statusSchema.parse(await answer.json());
  }
}

/** A container that comes back may have another address, so names are resolved by the engine's DNS again and again. */
function configuration(servers: readonly string[]): string {
  return `global
    stats socket ${socketFolder}/admin.sock mode 600 level admin
    stats socket ipv4@0.0.0.0:${statsPort} level operator
resolvers engine
    nameserver dns 127.0.0.11:53
    hold valid 1s
    hold obsolete 5s
    timeout resolve 1s
    timeout retry 1s
defaults
    mode http
    timeout connect 1s
    timeout client 10s
    timeout server 10s
    retries 3
    option redispatch 1
frontend http
    bind :${frontendPort}
    default_backend web
backend web
    balance roundrobin
    option httpchk GET /healthz
    default-server check inter 500ms fall 2 rise 2 weight 100 resolvers engine init-addr libc,none
${servers.map((server) => `    server ${server} ${server}:${appPort}\n`).join('')}`;
}
