import { setFaults } from '../rig/app/control.ts';
import { Child } from '../rig/child.ts';
import type { HaproxyProcess } from '../rig/process.ts';
import { programs } from '../rig/programs.ts';
import { answers, until } from '../rig/wait.ts';
import { type Eyes, look } from './observe.ts';
import type { Member, Plan } from './plan.ts';
import type { DemoSettings } from './settings.ts';

export interface FleetOptions {
  readonly settings: DemoSettings;
  readonly plan: Plan;
  readonly haproxy: HaproxyProcess;
  readonly signal: AbortSignal;
}

const limitMs = 20_000;
/** What a VM would tell its agent by itself: here all traffic is on loopback, which has no speed of its own. */
const vm = ['--memory-limit', '512M', '--interface', 'lo', '--link-speed', '1G'];
/** How long each may take to end by itself, in ms; then it is killed. */
const graceMs = 3_000;

/** The running system: HAProxy, the application servers with their agents and, when wanted, the controller. */
export class Fleet implements AsyncDisposable {
  readonly eyes: Eyes;
  /** Where clients send their requests. */
  readonly frontUrl: string;
  readonly #options: FleetOptions;
  readonly #servers: Child[] = [];
  #controller: Child | null = null;
  readonly #failure = Promise.withResolvers<never>();
  #isEnding = false;

  constructor(options: FleetOptions) {
    const { plan, haproxy } = options;
    this.#options = options;
    haproxy.failure.catch(this.#failure.reject);
    // a failure that comes before or after the demo waits for it must not end the demo by itself
    this.#failure.promise.catch(() => {});
    this.frontUrl = `http://127.0.0.1:${plan.frontPort}`;
    this.eyes = {
      haproxy: haproxy.api,
      backend: plan.backend,
      agentUrls: Object.fromEntries(plan.members.map(({ name, agentUrl }) => [name, agentUrl])),
      controllerUrl: `http://127.0.0.1:${plan.controllerPort}`,
    };
  }

  /** Path of HAProxy's stats socket. */
  get socket(): string {
    return this.#options.haproxy.socket;
  }

  get plan(): Plan {
    return this.#options.plan;
  }

  /** Starts the application servers, each as the child of its agent; resolves when all answer and HAProxy knows. */
  async start(): Promise<void> {
    const { members } = this.plan;
    for (const member of members) {
      this.#servers.push(this.#startHaweight(member.name, agentArguments(member, this.plan)));
    }
    await this.#wait('the start of the application servers and their agents', async () => {
      const { allUp, snapshots } = await look(this.eyes, false);
      const apps = await Promise.all(members.map(({ appUrl }) => answers(`${appUrl}/healthz`)));
      return allUp && Object.values(snapshots).every((one) => one !== null) && apps.every(Boolean);
    });
  }

  startController(): void {
    const { plan, socket } = this;
    const { policy } = this.#options.settings;
    const listen = `127.0.0.1:${plan.controllerPort}`;
    const target = ['--socket', socket, '--backend', plan.backend, '--agent-url', `http://{address}:${plan.agentPort}`];
    const flags = ['controller', ...target, '--policy', policy, '--listen', listen];
    this.#controller = this.#startHaweight('controller', flags);
  }

  /** Resolves when the controller has left; before that it restores the configured weights. */
  async stopController(): Promise<void> {
    await this.#controller?.stop();
  }

  /** A noisy neighbour takes this share of the server's CPU from now on; 0 ends it. */
  async setNeighbour(server: string, share: number): Promise<void> {
    const member = this.plan.members.find(({ name }) => name === server);
    if (member === undefined) throw new Error(`the demo has no server ${server}`);
    await setFaults(member.appUrl, { busy: share * member.cores });
  }

  /** Resolves when no request is left with the servers and the configured weights are in force. */
  async settle(): Promise<void> {
    const { plan } = this;
    const { configuredWeight } = this.#options.settings;
    await this.#wait('the end of the last requests', async () => {
      const { inFlight, weights } = await look(this.eyes, false);
      return inFlight === 0 && plan.members.every(({ name }) => weights?.[name] === configuredWeight);
    });
  }

  /** Rejects with a ProblemError when HAProxy or one of the processes ends that was not told to. */
  get failure(): Promise<never> {
    return this.#failure.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    await Promise.all([this.#controller, ...this.#servers].map((child) => child?.stop()));
  }

  #startHaweight(name: string, args: readonly string[]): Child {
    if (this.#isEnding) throw new Error(`${name} was not started: the demo is ending`);
    const child = new Child(name, [process.execPath, programs.haweight, ...args], { graceMs });
    child.failure.catch(this.#failure.reject);
    return child;
  }

  #wait(what: string, isSo: () => Promise<boolean>): Promise<boolean> {
    return until(what, isSo, { limitMs, signal: this.#options.signal });
  }
}

function agentArguments({ name, cores, address }: Member, { appPort, agentPort }: Plan): readonly string[] {
  const flags = [
    '--name',
    name,
    '--listen',
    `${address}:${agentPort}`,
    '--scope',
    'process',
    '--cores',
    `${cores}`,
    ...vm,
  ];
  const app = [process.execPath, programs.app, '--name', name, '--listen', `${address}:${appPort}`];
  return ['agent', ...flags, '--', ...app, '--cores', `${cores}`];
}
