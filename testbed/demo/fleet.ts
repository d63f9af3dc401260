import { Child } from '../rig/child.ts';
import { programs } from '../rig/programs.ts';
import { backend, environmentIn, type Stack, startStack } from '../rig/stack.ts';
import { until } from '../rig/wait.ts';
import { type Eyes, look } from './observe.ts';
import { haproxyConfiguration, type Plan } from './plan.ts';
import type { DemoSettings } from './settings.ts';

const limitMs = 20_000;
/** What a VM would tell its agent by itself: here all traffic is on loopback, which has no speed of its own. */
const vm = ['--memory-limit', '512M', '--interface', 'lo', '--link-speed', '1G'];
/** How long each process may take to end by itself, in ms; then it is killed. */
const graceMs = 3_000;

/** The running system: HAProxy, the application servers with their agents and, when wanted, the controller. */
export class Fleet implements AsyncDisposable {
  readonly plan: Plan;
  readonly eyes: Eyes;
  /** Where clients send their requests. */
  readonly frontUrl: string;
  readonly #stack: Stack;
  readonly #settings: DemoSettings;
  readonly #signal: AbortSignal;

  private constructor(plan: Plan, stack: Stack, settings: DemoSettings, signal: AbortSignal) {
    this.plan = plan;
    this.#stack = stack;
    this.#settings = settings;
    this.#signal = signal;
    this.frontUrl = `http://127.0.0.1:${plan.frontPort}`;
    this.eyes = {
      haproxy: stack.haproxy.api,
      backend,
      agentUrls: Object.fromEntries(plan.members.map(({ name, agentUrl }) => [name, agentUrl])),
      controllerUrl: stack.statusUrl,
    };
  }

  /** Starts HAProxy. `signal` ends every wait. */
  static async open(plan: Plan, settings: DemoSettings, signal: AbortSignal): Promise<Fleet> {
    const cores = new Map(plan.members.map((member) => [member.name, String(member.cores)]));
    const coresOf = (name: string) => ['--cores', cores.get(name) ?? '1'];
    const stack = await startStack({
      members: plan.members,
      agentPort: plan.agentPort,
      statusPort: plan.controllerPort,
      configuration: haproxyConfiguration(plan, settings),
      agentStartsApp: true,
      appFlags: coresOf,
      agentFlags: (name) => ['--scope', 'process', ...coresOf(name), ...vm],
      haweight: (name, args, folder) =>
        new Child(name, [process.execPath, programs.haweight, ...args], {
          graceMs,
          environment: environmentIn(folder),
        }),
    });
    return new Fleet(plan, stack, settings, signal);
  }

  /** Rejects with a ProblemError when a process ends that was not told to. */
  get failure(): Promise<never> {
    return this.#stack.failure;
  }

  /** Path of HAProxy's stats socket. */
  get socket(): string {
    return this.#stack.haproxy.socket;
  }

  /** Starts the application servers, each as the child of its agent; resolves when all answer and HAProxy knows. */
  async start(): Promise<void> {
    for (const { name } of this.plan.members) this.#stack.spawnServer(name);
    await this.#wait('the start of the application servers and their agents', async () => {
      const answering = await Promise.all(this.plan.members.map(({ name }) => this.#stack.isAnswering(name)));
      return answering.every(Boolean) && (await this.#stack.isAllUp());
    });
  }

  startController(): void {
    this.#stack.spawnController(['--policy', this.#settings.policy, '--limits', 'on']);
  }

  /** Resolves when the controller has left; before that it restores the configured weights. */
  async stopController(): Promise<void> {
    await this.#stack.controller.stop();
  }

  /** A noisy neighbour takes this share of the server's CPU from now on; 0 ends it. */
  async setNeighbour(server: string, share: number): Promise<void> {
    const cores = this.plan.members.find(({ name }) => name === server)?.cores ?? 0;
    await this.#stack.setFaults(server, { busy: share * cores });
  }

  /** Resolves when no request is left with the servers and the configured weights are in force. */
  async settle(): Promise<void> {
    const { configuredWeight } = this.#settings;
    await this.#wait('the end of the last requests', async () => {
      const { inFlight, weights } = await look(this.eyes, false);
      return inFlight === 0 && this.plan.members.every(({ name }) => weights?.[name] === configuredWeight);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }

  async #wait(what: string, isSo: () => Promise<boolean>): Promise<void> {
    await until(what, isSo, { limitMs, signal: this.#signal });
  }
}
