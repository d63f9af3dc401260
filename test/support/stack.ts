import type { Reason } from '../../shared/contract/decision.ts';
import type { ServerStatus, Status } from '../../shared/contract/status.ts';
import type { Faults } from '../../testbed/rig/app/control.ts';
import type { Backend, Configuration, Frontend, Mode } from '../../testbed/rig/haproxy-configuration.ts';
import type { HaproxyProcess } from '../../testbed/rig/haproxy-process.ts';
import { freePort, someNetwork } from '../../testbed/rig/ports.ts';
import { type StackOptions as RigOptions, Stack as RigStack, startHaproxyOf } from '../../testbed/rig/stack.ts';
import { until } from '../../testbed/rig/wait.ts';
import { Load } from './load.ts';
import { Haweight, type Surroundings } from './process.ts';

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
  /** What the servers' lines end with, of all or by name; a check every second unless given. */
  readonly serverOptions?: string | ((name: string) => string);
  /** http unless given. */
  readonly mode?: Mode;
  /** Stats sockets beside HAProxy's usual one. */
  readonly sockets?: NonNullable<Configuration['sockets']>;
  /** Another backend with the same servers. */
  readonly secondBackend?: string;
  /** Where requests for the second backend go; nowhere unless given. */
  readonly secondPort?: number;
  /** Names that have addresses but are not in HAProxy's configuration: servers that a test adds itself. */
  readonly spares?: readonly string[];
}

const period = 1_000;
/** Every server has a loopback address of its own, so all have the same ports. */
export const appPort = 9080;
const agentPort = 9477;
/** So few that a small real load overloads a server, and even a busy machine has that much left. */
export const fewCores = 0.05;
/** What overloads a server of few cores, though it may get only half of it. */
export const overload = { busy: 2 * fewCores };

/** The rig's stack as tests use it: every application is a process of its own, which an agent measures. */
export class Stack extends RigStack<Haweight> {
  /** Of HAProxy's frontend. */
  readonly port: number;

  private constructor(haproxy: HaproxyProcess, options: RigOptions<Haweight>, port: number) {
    super(haproxy, options);
    this.port = port;
  }

  static async start(options: StackOptions): Promise<Stack> {
    const [network, port] = [someNetwork(), await freePort()];
    const { servers, spares = [], cores = 1, masterWorker = false, agentSurroundings } = options;
    const coresOf = (name: string) => String(typeof cores === 'number' ? cores : (cores[name] ?? 1));
    const rig: RigOptions<Haweight> = {
      members: [...servers, ...spares].map((name, index) => ({ name, address: `${network}.${index + 1}`, appPort })),
      agentPort,
      statusPort: 0,
      configuration: configurationOf(options, network, port),
      masterWorker,
      appFlags: () => ['--cpu-ms', '0'],
      agentFlags: (name, app) => ['--scope', 'process', '--pid', String(app?.pid), '--cores', coresOf(name)],
      haweight: (_, args) => new Haweight(args, {}, agentSurroundings),
    };
    const stack = new Stack(await startHaproxyOf(rig), rig, port);
    try {
      await Promise.all(servers.map((name) => stack.startServer(name)));
      // a server that joins a running controller ramps up
      await until('all in rotation', () => stack.isAllUp());
      return stack;
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
  }

  async startServer(name: string): Promise<void> {
    this.spawnApp(name);
    await this.startAgent(name);
  }

  /** The agent measures the application's process. */
  async startAgent(name: string): Promise<void> {
    this.spawnAgent(name);
    await until(
      () => `server ${name}: ${this.app(name).stderr} ${this.agent(name).stderr}`,
      () => this.isAnswering(name),
    );
  }

  /** The application's process dies, as in a crash: connections are refused. Its agent lives on. */
  async killServer(name: string): Promise<void> {
    await this.app(name).kill();
  }

  async stopAgent(name: string): Promise<void> {
    await this.agent(name).kill();
  }

  /** SIGSTOP: it hangs, while the kernel still accepts connections for it; SIGCONT: it goes on. */
  signalAgent(name: string, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.agent(name).signal(signal);
  }

  /** A controller at a period of one second, so that tests need not take long. */
  async startController(...flags: readonly string[]): Promise<Haweight> {
    return await this.startControllerIn({}, ...flags);
  }

  /** The same, in surroundings of its own. */
  async startControllerIn(surroundings: Surroundings, ...flags: readonly string[]): Promise<Haweight> {
    const controller = this.spawnController(['--period-ms', String(period), ...flags], {
      statusPort: await freePort(),
      haweight: (_, args) => new Haweight(args, surroundings.environment, surroundings),
    });
    const hasTicked = async () => (await this.status()).ticks > 0;
    await until(
      () => `the controller: ${controller.stderr}`,
      () => hasTicked().catch(() => false),
    );
    return controller;
  }

  startLoad(everyMs = 20): Load {
    return this.endsWith(new Load(this.port, everyMs));
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
    await this.setFaults(name, faults);
  }

  /** How many requests HAProxy has given this server. */
  async requestsTo(name: string): Promise<number> {
    const rows = await this.haproxy.api.stats('web');
    if (!rows.ok) throw new Error(JSON.stringify(rows.error));
    return rows.value.find((row) => row.name === name)?.totalSessions ?? Number.NaN;
  }

  async weight(name: string): Promise<number> {
    return (await this.weights()).get(name) ?? Number.NaN;
  }

  addressOf(name: string): string {
    return this.memberOf(name).address;
  }
}

/** The weights that a controller at log level debug has given a server so far, in order. */
export function writtenTo(controller: Haweight, name: string): readonly number[] {
  const changes = controller.events('weights changed').flatMap((event) => event.changes ?? []);
  return changes.filter(({ server }) => server === name).map(({ to }) => to);
}

/** The configuration of a stack: one frontend, and backend web with a server for each name. */
export function configurationOf(options: StackOptions, network: string, port: number): Configuration {
  const { servers, algorithm = 'roundrobin', weights = {}, lines = [], secondBackend, secondPort } = options;
  const { serverOptions = 'check inter 1s', mode = 'http', sockets = [] } = options;
  const web: Backend = {
    name: 'web',
    algorithm,
    mode,
    lines,
    servers: servers.map((name, index) => ({
      name,
      address: `${network}.${index + 1}:${appPort}`,
      options: typeof serverOptions === 'string' ? serverOptions : serverOptions(name),
      ...(weights[name] === undefined ? {} : { weight: weights[name] }),
    })),
  };
  const second = secondBackend === undefined ? [] : [{ ...web, name: secondBackend }];
  const frontends: Frontend[] = [{ name: 'front', bind: `127.0.0.1:${port}`, backend: 'web', mode }];
  if (secondBackend !== undefined && secondPort !== undefined) {
    frontends.push({ name: 'second', bind: `127.0.0.1:${secondPort}`, backend: secondBackend });
  }
  return { sockets, frontends, backends: [web, ...second] };
}
