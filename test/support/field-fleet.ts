import type { RequestListener } from 'node:http';
import type { BackendStatus, ServerStatus, Status } from '../../shared/contract/status.ts';
import { statusSchema } from '../../shared/contract/status.ts';
import { type HaproxyProcess, startHaproxy } from '../../testbed/rig/haproxy-process.ts';
import { operatorSays } from '../../testbed/rig/operator.ts';
import { freePort, freePorts, someNetwork } from '../../testbed/rig/ports.ts';
import { until } from '../../testbed/rig/wait.ts';
import { httpServer } from './http-server.ts';
import { Load } from './load.ts';
import { Haweight } from './process.ts';
import { snapshot } from './snapshot.ts';

/** Where things listen, for the configuration. */
export interface FleetPlan {
  /** Address of machine 1 and on. */
  readonly addressOf: (machine: number) => string;
  readonly appPort: number;
  /** Of the frontends, in the order of the backends. */
  readonly ports: readonly number[];
}

export interface FleetOptions {
  /** The backends that the controller manages; the configuration gives each a frontend. */
  readonly backends: readonly string[];
  /** How many machines there are, with an application and an agent each. */
  readonly machines: number;
  readonly configuration: (plan: FleetPlan) => string;
}

/** What the agent of a machine says. */
export interface Said {
  readonly cpu: number;
  readonly ram: number;
  readonly cores: number;
}

const calm: Said = { cpu: 0.2, ram: 0.3, cores: 2 };
const periodMs = 1_000;

/**
 * A real HAProxy with a configuration from the field, a real controller and real requests. Applications and agents are servers of
 * this process: an application says which machine it is on (`m1` and on), an agent says what the test wants.
 */
export class FieldFleet implements AsyncDisposable {
  readonly haproxy: HaproxyProcess;
  readonly plan: FleetPlan;
  readonly #backends: readonly string[];
  readonly #agentPort: number;
  readonly #said = new Map<number, Said>();
  readonly #resources = new AsyncDisposableStack();
  #statusPort = 0;

  private constructor(haproxy: HaproxyProcess, plan: FleetPlan, backends: readonly string[], agentPort: number) {
    this.haproxy = this.#resources.use(haproxy);
    this.plan = plan;
    this.#backends = backends;
    this.#agentPort = agentPort;
  }

  static async start({ backends, machines, configuration }: FleetOptions): Promise<FieldFleet> {
    const network = someNetwork();
    const addressOf = (machine: number) => `${network}.${machine}`;
    const hosts = Array.from({ length: machines }, (_, index) => addressOf(index + 1));
    const [appPort, agentPort] = await freePorts([{ hosts }, { hosts }]);
    const plan = { addressOf, appPort, ports: await freePorts(backends.map(() => ({}))) };
    const haproxy = await startHaproxy({ configuration: configuration(plan), masterWorker: true });
    const fleet = new FieldFleet(haproxy, plan, backends, agentPort);
    try {
      for (let machine = 1; machine <= machines; machine += 1) await fleet.#startMachine(machine);
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** From now on the agent of this machine says so. */
  tell(machine: number, said: Partial<Said>): void {
    this.#said.set(machine, { ...calm, ...said });
  }

  async startController(...flags: readonly string[]): Promise<Haweight> {
    this.#statusPort = await freePort();
    const target = ['--socket', this.haproxy.socket, '--listen', `127.0.0.1:${this.#statusPort}`];
    const backends = this.#backends.flatMap((backend) => ['--backend', backend]);
    const agents = ['--agent-url', `http://{address}:${this.#agentPort}`, '--period-ms', String(periodMs)];
    const args = ['controller', ...target, ...backends, ...agents, ...flags];
    const controller = this.#resources.use(new Haweight(args));
    const isReady = async () => ((await this.#statusOrNull())?.ticks ?? 0) > 0;
    await until(() => `the controller: ${controller.stderr}`, isReady);
    return controller;
  }

  async status(): Promise<Status> {
    return await until('the status', () => this.#statusOrNull());
  }

  async shownBackend(backend: string): Promise<BackendStatus> {
    const { backends } = await this.status();
    const shown = backends.find((each) => each.backend === backend);
    if (shown === undefined) throw new Error(`the status has no backend ${backend}`);
    return shown;
  }

  async shown(backend: string, name: string): Promise<ServerStatus> {
    const { servers } = await this.shownBackend(backend);
    const shown = servers.find(({ server }) => server === name);
    if (shown === undefined) throw new Error(`backend ${backend} has no server ${name}`);
    return shown;
  }

  /** Resolves after this many more ticks. */
  async ticks(count: number): Promise<void> {
    const { ticks } = await this.status();
    await until(`${count} ticks`, async () => (await this.status()).ticks >= ticks + count);
  }

  /** The weights that HAProxy has, by server. */
  async weights(backend: string): Promise<Readonly<Record<string, number>>> {
    const states = await this.haproxy.api.servers(backend);
    if (!states.ok) throw new Error(JSON.stringify(states.error));
    return Object.fromEntries(states.value.map(({ server, weight }) => [server, weight]));
  }

  /** What part of `count` requests to this backend each machine answers; fails where one is not answered. */
  async shares(backend: string, count: number): Promise<Readonly<Record<string, number>>> {
    const port = this.plan.ports[this.#backends.indexOf(backend)] ?? 0;
    await using load = new Load(port, 10);
    await load.answers(count);
    const { served, failed } = load.seen;
    if (failed.size > 0) throw new Error(`not answered: ${JSON.stringify([...failed])}`);
    const total = [...served.values()].reduce((sum, many) => sum + many, 0);
    return Object.fromEntries([...served].map(([machine, many]) => [machine, many / total]));
  }

  async operator(line: string): Promise<string> {
    return await operatorSays(this.haproxy, line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }

  async #startMachine(machine: number): Promise<void> {
    const { addressOf, appPort } = this.plan;
    const app: RequestListener = (_, response) => response.setHeader('x-server', `m${machine}`).end();
    const agent: RequestListener = (_, response) => {
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify(snapshotOf(this.#said.get(machine) ?? calm)));
    };
    this.#resources.use(await httpServer(app, addressOf(machine), appPort));
    this.#resources.use(await httpServer(agent, addressOf(machine), this.#agentPort));
  }

  async #statusOrNull(): Promise<Status | null> {
    return await fetch(`http://127.0.0.1:${this.#statusPort}/v1/status`).then(
      async (answer) => statusSchema.parse(await answer.json()),
      () => null,
    );
  }
}

function snapshotOf({ cpu, ram, cores }: Said) {
  const { metrics } = snapshot();
  const tcpQueues = {
    status: 'ok',
    utilisation: 0,
    raw: { receive: null, send: null, accept: null, sockets: 1 },
  } as const;
  const available = 2 * cores;
  return snapshot({
    takenAtMs: Date.now(),
    ageMs: 5,
    effectiveCores: cores,
    metrics: {
      ...metrics,
      tcpQueues,
      cpu: {
        status: 'ok',
        utilisation: cpu,
        raw: { busyCoreSeconds: available * cpu, availableCoreSeconds: available, stealCoreSeconds: 0 },
      },
      ram: { status: 'ok', utilisation: ram, raw: { usedBytes: Math.round(ram * 1_000_000), limitBytes: 1_000_000 } },
    },
  });
}
