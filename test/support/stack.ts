import type { Reason } from '../../shared/contract/decision.ts';
import { type ServerStatus, type Status, statusSchema } from '../../shared/contract/status.ts';
import { type Faults, setFaults } from '../../testbed/rig/app/control.ts';
import { Child } from '../../testbed/rig/child.ts';
import { type Backend, renderConfiguration } from '../../testbed/rig/configuration.ts';
import { freePort, someNetwork } from '../../testbed/rig/ports.ts';
import { type HaproxyProcess, startHaproxy } from '../../testbed/rig/process.ts';
import { programs } from '../../testbed/rig/programs.ts';
import { answers } from '../../testbed/rig/wait.ts';

import { Load } from './load.ts';
import { Haweight, type Surroundings } from './process.ts';
import { until } from './until.ts';

export interface StackOptions {
  readonly servers: readonly string[];
  readonly algorithm?: string;
  /** Configured weights; 100 for a server that is not named. */
  readonly weights?: Readonly<Record<string, number>>;
  /** Cores that each server counts as having, of all or by name; 1 unless given, of which its start is a small part. */
  readonly cores?: number | Readonly<Record<string, number>>;
  /** Further lines of the backend, such as `option redispatch`. */
  readonly lines?: readonly string[];
  readonly masterWorker?: boolean;
  /** What the agents run in. */
  readonly agentSurroundings?: Surroundings;
  /** What the servers' lines end with; a check every second unless given. */
  readonly serverOptions?: string;
  /** Another backend with the same servers. */
  readonly secondBackend?: string;
  /** Where requests for the second backend go; nowhere unless given. */
  readonly secondPort?: number;
  /** Names that have addresses but are not in HAProxy's configuration: servers that a test adds itself. */
  readonly spares?: readonly string[];
}

const period = 1_000;
/** Every server has a loopback address of its own, so all have the same port. */
export const appPort = 9080;
/** So few that a small real load overloads a server, and even a busy machine has that much left. */
export const fewCores = 0.05;
/** What overloads a server of few cores, though it may get only half of it. */
export const overload = { busy: 2 * fewCores };

/**
 * The whole thing for real: HAProxy, application servers as processes, an agent for each that measures it, and when
 * started a controller and a load. Everything ends with the test.
 */
export class Stack implements AsyncDisposable {
  readonly haproxy: HaproxyProcess;
  readonly port: number;
  readonly #options: StackOptions;
  readonly #network: string;
  readonly #children = new AsyncDisposableStack();
  readonly #apps = new Map<string, Child>();
  readonly #agents = new Map<string, Haweight>();
  #statusUrl = '';

  private constructor(options: StackOptions, network: string, haproxy: HaproxyProcess, port: number) {
    this.#options = options;
    this.#network = network;
    this.haproxy = haproxy;
    this.port = port;
  }

  static async start(options: StackOptions): Promise<Stack> {
    const [network, port] = [someNetwork(), await freePort()];
    const haproxy = await startHaproxy({
      configuration: renderConfiguration(configurationOf(options, network, port)),
      ...(options.masterWorker === undefined ? {} : { masterWorker: options.masterWorker }),
    });
    const stack = new Stack(options, network, haproxy, port);
    try {
      await Promise.all(options.servers.map((name) => stack.startServer(name)));
      await stack.#allUp();
      return stack;
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
  }

  async startServer(name: string): Promise<void> {
    const listen = `${this.addressOf(name)}:${appPort}`;
    const flags = ['--name', name, '--listen', listen, '--cpu-ms', '0'];
    const app = this.#children.use(new Child(name, [process.execPath, programs.app, ...flags]));
    this.#apps.set(name, app);
    await until(
      () => `server ${name}: ${app.stderr}`,
      () => answers(`http://${listen}/healthz`),
    );
    await this.startAgent(name);
  }

  /** An agent that measures the server's process and answers at its address, at the port that is asked by default. */
  async startAgent(name: string): Promise<void> {
    const pid = String(this.#apps.get(name)?.pid);
    const listen = `${this.addressOf(name)}:9477`;
    const { cores = 1, agentSurroundings } = this.#options;
    const own = typeof cores === 'number' ? cores : (cores[name] ?? 1);
    const scope = ['--scope', 'process', '--pid', pid, '--cores', String(own)];
    const agent = this.#children.use(
      new Haweight(['agent', ...scope, '--name', name, '--listen', listen], {}, agentSurroundings),
    );
    this.#agents.set(name, agent);
    await until(
      () => `the agent of ${name}: ${agent.stderr}`,
      () => answers(`http://${listen}/v1/snapshot`),
    );
  }

  /** The application's process dies, as in a crash: connections are refused. Its agent lives on. */
  async killServer(name: string): Promise<void> {
    await this.#apps.get(name)?.kill();
  }

  async stopAgent(name: string): Promise<void> {
    await this.#agents.get(name)?.stop('SIGKILL');
  }

  /** SIGSTOP: it hangs, while the kernel still accepts connections for it; SIGCONT: it goes on. */
  signalAgent(name: string, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#agents.get(name)?.signal(signal);
  }

  /** A controller at a period of one second, so that tests need not take long. */
  async startController(...flags: readonly string[]): Promise<Haweight> {
    return await this.startControllerIn({}, ...flags);
  }

  /** The same, in surroundings of its own. */
  async startControllerIn(surroundings: Surroundings, ...flags: readonly string[]): Promise<Haweight> {
    const port = await freePort();
    this.#statusUrl = `http://127.0.0.1:${port}`;
    const where = ['--socket', this.haproxy.socket, '--backend', 'web', '--listen', `127.0.0.1:${port}`];
    const args = ['controller', ...where, '--period-ms', String(period), ...flags];
    const controller = this.#children.use(new Haweight(args, {}, surroundings));
    await until(
      () => `the controller: ${controller.stderr}`,
      () =>
        this.status().then(
          (status) => status.ticks > 0,
          () => false,
        ),
    );
    return controller;
  }

  get statusUrl(): string {
    return this.#statusUrl;
  }

  startLoad(everyMs = 20): Load {
    return this.#children.use(new Load(this.port, everyMs));
  }

  /** Has something end with the stack, before HAProxy does. */
  endsWith(resource: AsyncDisposable): void {
    this.#children.use(resource);
  }

  /** HAProxy starts before the servers do and finds them down at first; who joins a running controller comes by a ramp. */
  async #allUp(): Promise<void> {
    await until('all in rotation', async () => {
      const rows = await this.haproxy.api.stats('web');
      return (
        rows.ok && rows.value.every(({ kind, status }) => kind !== 'server' || ['UP', 'no check'].includes(status))
      );
    });
  }

  async status(): Promise<Status> {
    return statusSchema.parse(await (await fetch(`${this.#statusUrl}/v1/status`)).json());
  }

  /** What the last tick says of one server of backend web. */
  async shown(name: string): Promise<ServerStatus> {
    const [backend] = (await this.status()).backends;
    const server = backend?.servers.find((each) => each.server === name);
    if (server === undefined) throw new Error(`the status has no server ${name}`);
    return server;
  }

  /** The step of this kind in what the last tick decided for a server; null: there was none. */
  async reason<Code extends Reason['code']>(name: string, code: Code) {
    const { reasons } = await this.shown(name);
    return reasons.find((reason): reason is Extract<Reason, { code: Code }> => reason.code === code) ?? null;
  }

  /** Resolves after this many more ticks of the controller. */
  async ticks(count: number): Promise<Status> {
    const { ticks } = await this.status();
    return await until(`${count} ticks`, async () => {
      const status = await this.status();
      return status.ticks >= ticks + count ? status : null;
    });
  }

  async tell(name: string, faults: Partial<Faults>): Promise<void> {
    await setFaults(`http://${this.addressOf(name)}:${appPort}`, faults);
  }

  /** How many requests HAProxy has given this server. */
  async requestsTo(name: string): Promise<number> {
    const rows = await this.haproxy.api.stats('web');
    if (!rows.ok) throw new Error(JSON.stringify(rows.error));
    return rows.value.find((row) => row.name === name)?.totalSessions ?? Number.NaN;
  }

  /** The weights that HAProxy itself says it has. */
  async weights(backend = 'web'): Promise<Map<string, number>> {
    // on a machine with much to do HAProxy may be late: that is no finding
    const servers = await until("HAProxy's answer", async () => {
      const answer = await this.haproxy.api.servers(backend);
      return !answer.ok && answer.error.code === 'haproxy-timeout' ? null : answer;
    });
    if (!servers.ok) throw new Error(JSON.stringify(servers.error));
    return new Map(servers.value.map(({ server, weight }) => [server, weight]));
  }

  async weight(name: string): Promise<number> {
    return (await this.weights()).get(name) ?? Number.NaN;
  }

  addressOf(name: string): string {
    const { servers, spares = [] } = this.#options;
    return `${this.#network}.${[...servers, ...spares].indexOf(name) + 1}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#children.disposeAsync();
    await this.haproxy.stop();
  }
}

/** The weights that a controller at log level debug has given a server so far, in order. */
export function writtenTo(controller: Haweight, name: string): readonly number[] {
  const changes = controller.events('weights changed').flatMap((event) => event.changes ?? []);
  return changes.filter(({ server }) => server === name).map(({ to }) => to);
}

/** The configuration of a stack: one frontend, and backend web with a server for each name. */
export function configurationOf(options: StackOptions, network: string, port: number) {
  const { servers, algorithm = 'roundrobin', weights = {}, lines = [], secondBackend, secondPort } = options;
  const { serverOptions = 'check inter 1s' } = options;
  const web: Backend = {
    name: 'web',
    algorithm,
    lines,
    servers: servers.map((name, index) => ({
      name,
      address: `${network}.${index + 1}:${appPort}`,
      options: serverOptions,
      ...(weights[name] === undefined ? {} : { weight: weights[name] }),
    })),
  };
  const second = secondBackend === undefined ? [] : [{ ...web, name: secondBackend }];
  const frontends = [{ name: 'front', bind: `127.0.0.1:${port}`, backend: 'web' }];
  if (secondBackend !== undefined && secondPort !== undefined) {
    frontends.push({ name: 'second', bind: `127.0.0.1:${secondPort}`, backend: secondBackend });
  }
  return { frontends, backends: [web, ...second] };
}
