import { agentPort as defaultAgentPort } from '../../shared/contract/endpoints.ts';
import { type Status, statusSchema } from '../../shared/contract/status.ts';
import { type Faults, setFaults } from './app/control.ts';
import { Child } from './child.ts';
import { type Configuration, renderConfiguration } from './haproxy-configuration.ts';
import { type HaproxyProcess, startHaproxy } from './haproxy-process.ts';
import { cleanEnvironment, programs } from './programs.ts';
import { answers, until } from './wait.ts';

/** A server: an application and its agent, at an address of its own, as a VM has. */
export interface Member {
  readonly name: string;
  readonly address: string;
  readonly appPort: number;
}

export interface StackOptions<Process extends Child = Child> {
  readonly members: readonly Member[];
  readonly agentPort: number;
  /** Of the controller's status API, on `statusHost`. */
  readonly statusPort: number;
  /** 127.0.0.1 unless given. */
  readonly statusHost?: string;
  readonly configuration: Configuration;
  /** Run HAProxy as master and worker, which is what can reload. */
  readonly masterWorker?: boolean;
  /** Flags of a member's application, beside where it listens. */
  readonly appFlags?: (name: string) => readonly string[];
  /** Flags of a member's agent, beside where it listens. `app`: the application where it is a process of its own. */
  readonly agentFlags?: (name: string, app: Child | null) => readonly string[];
  /** The agent starts the application, as its child. */
  readonly agentStartsApp?: boolean;
  /** Starts an agent or a controller. `name`: for messages. `folder`: a controller's own, which another one after it has too. */
  readonly haweight: (name: string, args: readonly string[], folder?: string) => Process;
}

/** The backend that a stack's controller sets the weights of. */
export const backend = 'web';
const answerMs = 5_000;

/** How `haweight` is started where nothing else is asked for. */
export function startHaweight(name: string, args: readonly string[], folder?: string): Child {
  return new Child(name, [process.execPath, programs.haweight, ...args], { environment: environmentIn(folder) });
}

/** What systemd gives a unit: a folder for what must be known after a controller was killed. */
export function environmentIn(folder: string | undefined): NodeJS.ProcessEnv {
  return { ...cleanEnvironment(), ...(folder === undefined ? {} : { RUNTIME_DIRECTORY: folder }) };
}

/**
 * The whole system as it is in production, all processes: HAProxy and, as they are started, application servers, an agent for
 * each, and a controller. All of them end with the stack.
 */
export class Stack<Process extends Child = Child> implements AsyncDisposable {
  readonly haproxy: HaproxyProcess;
  readonly #options: StackOptions<Process>;
  readonly #apps = new Map<string, Child>();
  readonly #agents = new Map<string, Process>();
  readonly #controllers: Process[] = [];
  readonly #resources = new AsyncDisposableStack();
  readonly #failure = Promise.withResolvers<never>();
  #statusPort: number;
  #isEnding = false;

  constructor(haproxy: HaproxyProcess, options: StackOptions<Process>) {
    this.haproxy = haproxy;
    this.#options = options;
    this.#statusPort = options.statusPort;
    // a failure that is not waited for must not end this process
    this.#failure.promise.catch(() => {});
    this.#watch(haproxy);
  }

  /** Rejects with a ProblemError when a process ends that was not told to. */
  get failure(): Promise<never> {
    return this.#failure.promise;
  }

  get statusUrl(): string {
    return `http://${this.#statusAddress}`;
  }

  agent(name: string): Process {
    return found(this.#agents, name);
  }

  /** Throws where the application is not a process of its own. */
  app(name: string): Child {
    return found(this.#apps, name);
  }

  /** The one that was started last. */
  get controller(): Process {
    const controller = this.#controllers.at(-1);
    if (controller === undefined) throw new Error('no controller was started');
    return controller;
  }

  memberOf(name: string): Member {
    const member = this.#options.members.find((each) => each.name === name);
    if (member === undefined) throw new Error(`the stack has no server ${name}`);
    return member;
  }

  spawnServer(name: string): void {
    if (this.#options.agentStartsApp !== true) this.spawnApp(name);
    this.spawnAgent(name);
  }

  spawnApp(name: string): Child {
    const app = this.#started(() => new Child(name, this.#appCommand(name)));
    this.#apps.set(name, app);
    return app;
  }

  spawnAgent(name: string): Process {
    const { agentFlags, agentPort, agentStartsApp = false, haweight } = this.#options;
    const flags = agentFlags?.(name, this.#apps.get(name) ?? null) ?? [];
    const where = ['--name', name, '--listen', `${this.memberOf(name).address}:${agentPort}`];
    const command = agentStartsApp ? ['--', ...this.#appCommand(name)] : [];
    const args = ['agent', ...flags, ...where, ...command];
    const agent = this.#started(() => haweight(agentStartsApp ? name : `the agent of ${name}`, args));
    this.#agents.set(name, agent);
    return agent;
  }

  /** Another status port, or another way to start it, may be given than that of the description. */
  spawnController(
    flags: readonly string[],
    {
      statusPort = this.#statusPort,
      haweight = this.#options.haweight,
    }: { readonly statusPort?: number; readonly haweight?: StackOptions<Process>['haweight'] } = {},
  ): Process {
    this.#statusPort = statusPort;
    const { agentPort } = this.#options;
    const target = ['--socket', this.haproxy.socket, '--backend', backend, '--listen', this.#statusAddress];
    const agents = agentPort === defaultAgentPort ? [] : ['--agent-url', `http://{address}:${agentPort}`];
    const args = ['controller', ...target, ...agents, ...flags];
    const controller = this.#started(() => haweight('controller', args, this.haproxy.folder));
    this.#controllers.push(controller);
    return controller;
  }

  /** Whether the application and the agent of a member answer. */
  async isAnswering(name: string): Promise<boolean> {
    const { address, appPort } = this.memberOf(name);
    const app = answers(`http://${address}:${appPort}/healthz`);
    return (await answers(`http://${address}:${this.#options.agentPort}/v1/snapshot`)) && (await app);
  }

  /** HAProxy starts before the servers do and finds them down at first. */
  async isAllUp(): Promise<boolean> {
    const rows = await this.haproxy.api.stats(backend);
    return rows.ok && rows.value.every(({ kind, status }) => kind !== 'server' || ['UP', 'no check'].includes(status));
  }

  async setFaults(name: string, faults: Partial<Faults>): Promise<void> {
    const { address, appPort } = this.memberOf(name);
    await setFaults(`http://${address}:${appPort}`, faults);
  }

  /** What the controller answers at this path. Throws where that is not a 200 within 5 s. */
  async scrape(path: string): Promise<string> {
    const response = await fetch(`${this.statusUrl}${path}`, { signal: AbortSignal.timeout(answerMs) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} was answered ${response.status}`);
    return text;
  }

  async status(): Promise<Status> {
    return statusSchema.parse(JSON.parse(await this.scrape('/v1/status')));
  }

  /** The weights that HAProxy itself says it has. */
  async weights(of = backend): Promise<Map<string, number>> {
    // on a busy machine HAProxy may be late
    const servers = await until("HAProxy's answer", async () => {
      const answer = await this.haproxy.api.servers(of);
      return !answer.ok && answer.error.code === 'haproxy-timeout' ? null : answer;
    });
    if (!servers.ok) throw new Error(JSON.stringify(servers.error));
    return new Map(servers.value.map(({ server, weight }) => [server, weight]));
  }

  /** Has something end with the stack, before all processes do. */
  endsWith<Resource extends AsyncDisposable>(resource: Resource): Resource {
    return this.#resources.use(resource);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    await this.#resources.disposeAsync();
    // while HAProxy is there: a controller that leaves restores its weights
    await disposeAll(this.#controllers);
    await disposeAll([...this.#apps.values(), ...this.#agents.values()]);
    await this.haproxy.stop();
  }

  get #statusAddress(): string {
    return `${this.#options.statusHost ?? '127.0.0.1'}:${this.#statusPort}`;
  }

  #appCommand(name: string): readonly string[] {
    const { address, appPort } = this.memberOf(name);
    const flags = ['--name', name, '--listen', `${address}:${appPort}`, ...(this.#options.appFlags?.(name) ?? [])];
    return [process.execPath, programs.app, ...flags];
  }

  #started<Started extends Child>(start: () => Started): Started {
    if (this.#isEnding) throw new Error('nothing is started any more: the stack is ending');
    const child = start();
    this.#watch(child);
    return child;
  }

  #watch({ failure }: { readonly failure: Promise<never> }): void {
    failure.catch(this.#failure.reject);
  }
}

/** Starts HAProxy only. */
export async function startStack<Process extends Child>(options: StackOptions<Process>): Promise<Stack<Process>> {
  return new Stack(await startHaproxyOf(options), options);
}

export async function startHaproxyOf({
  configuration,
  masterWorker = false,
}: Pick<StackOptions, 'configuration' | 'masterWorker'>): Promise<HaproxyProcess> {
  return await startHaproxy({ configuration: renderConfiguration(configuration), masterWorker });
}

function found<Value>(map: ReadonlyMap<string, Value>, name: string): Value {
  const value = map.get(name);
  if (value === undefined) throw new Error(`${name} was not started`);
  return value;
}

async function disposeAll(resources: readonly AsyncDisposable[]): Promise<void> {
  await Promise.all(resources.map((resource) => resource[Symbol.asyncDispose]()));
}
