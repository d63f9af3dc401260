import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exchange } from '../../haproxy/exchange.ts';
import { ProblemError } from '../../shared/contract/problem.ts';
import { type Status, statusSchema } from '../../shared/contract/status.ts';
import { Child } from '../../testbed/rig/child.ts';
import { freePorts, someNetwork } from '../../testbed/rig/ports.ts';
import { type HaproxyProcess, startHaproxy } from '../../testbed/rig/process.ts';
import { programs } from '../../testbed/rig/programs.ts';
import { until } from '../../testbed/rig/wait.ts';
import type { LiveMemory } from './heap-probe.ts';
import type { Fault } from './schedule.ts';

/** Two sizes, so that right weights are unequal. */
export const members = [
  { name: 's1', cores: 0.1 },
  { name: 's2', cores: 0.1 },
  { name: 's3', cores: 0.2 },
  { name: 's4', cores: 0.2 },
  { name: 's5', cores: 0.1 },
  { name: 's6', cores: 0.2 },
] as const;

export const backend = 'web';
/** Of the recording: small, so that it rotates several times in a cycle. */
export const recording = { maxBytes: 128 * 1024, files: 3 } as const;
const startMs = 60_000;
const probe = new URL('./heap-probe.ts', import.meta.url).pathname;
const adminTimeoutMs = 5_000;
const askMs = 5_000;
const adminReplyBytes = 100_000;

interface Places {
  readonly network: string;
  readonly frontPort: number;
  readonly agentPort: number;
  readonly statusPort: number;
  /** An application's port by server. */
  readonly appPorts: readonly number[];
}

/** The whole system as it is in production: HAProxy, servers, an agent for each and a controller, all processes. */
export class Fleet implements AsyncDisposable {
  readonly haproxy: HaproxyProcess;
  readonly folder: string;
  /** What the controller has written to its log. */
  readonly logged = { bytes: 0, lines: 0 };
  readonly #places: Places;
  readonly #servers = new Map<string, Child>();
  readonly #agents = new Map<string, Child>();
  #controller: Child | null = null;

  private constructor(haproxy: HaproxyProcess, folder: string, places: Places) {
    this.haproxy = haproxy;
    this.folder = folder;
    this.#places = places;
  }

  static async start(policy: string): Promise<Fleet> {
    const places = await findPlaces();
    const folder = await mkdtemp(join(tmpdir(), 'haweight-soak-'));
    const haproxy = await startHaproxy({ configuration: configurationOf(places), masterWorker: true });
    const fleet = new Fleet(haproxy, folder, places);
    try {
      for (const { name } of members) {
        fleet.#startServer(name);
        fleet.#startAgent(name);
      }
      await fleet.#startController(policy);
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  get frontPort(): number {
    return this.#places.frontPort;
  }

  get controller(): Child {
    if (this.#controller === null) throw new Error('the controller was not started');
    return this.#controller;
  }

  get recordingFile(): string {
    return join(this.folder, 'recording.ndjson');
  }

  agent(name: string): Child {
    const agent = this.#agents.get(name);
    if (agent === undefined) throw new Error(`no agent ${name}`);
    return agent;
  }

  /** Of `/v1/status` and `/metrics`. Throws where it does not answer 200 within 5 s. */
  async scrape(path: string): Promise<string> {
    const url = `http://127.0.0.1:${this.#places.statusPort}${path}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return await response.text();
  }

  async status(): Promise<Status> {
    return statusSchema.parse(JSON.parse(await this.scrape('/v1/status')));
  }

  async apply(fault: Fault, server: string | null): Promise<void> {
    const name = server ?? '';
    switch (fault) {
      case 'reload':
        return await this.haproxy.reload();
      case 'agent killed':
        await this.agent(name).kill();
        return;
      case 'agent started':
        return this.#startAgent(name);
      case 'agent stopped':
        return this.agent(name).signal('SIGSTOP');
      case 'agent continued':
        return this.agent(name).signal('SIGCONT');
      case 'server killed':
        await this.#servers.get(name)?.kill();
        return;
      case 'server started':
        return this.#startServer(name);
      case 'drain':
      case 'ready':
        return await this.#operatorSays(`set server ${backend}/${name} state ${fault}`);
    }
  }

  /** What a process holds after its garbage is collected; null where it does not answer. */
  async liveMemory(child: Child): Promise<LiveMemory | null> {
    if (!child.isRunning) return null;
    return await child.ask('collect', askMs).then(
      (memory) => memory as LiveMemory,
      () => null,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const children = [...this.#servers.values(), ...this.#agents.values()];
    await this.#controller?.stop();
    await Promise.all(children.map((child) => child.stop()));
    await this.haproxy.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  #startServer(name: string): void {
    const { cores, address, port } = this.#memberOf(name);
    const flags = ['--name', name, '--listen', `${address}:${port}`, '--cores', `${cores}`];
    this.#servers.set(name, new Child(name, [process.execPath, programs.app, ...flags]));
  }

  #startAgent(name: string): void {
    const { cores, address, port } = this.#memberOf(name);
    const scope = ['--scope', 'process', '--port', `${port}`, '--cores', `${cores}`, '--memory-limit', '512M'];
    const network = ['--interface', 'lo', '--link-speed', '1G'];
    const listen = ['--listen', `${address}:${this.#places.agentPort}`, '--name', name];
    const args = ['--import', probe, programs.haweight, 'agent', ...scope, ...network, ...listen];
    this.#agents.set(name, new Child(`the agent of ${name}`, [process.execPath, ...args], { ipc: true }));
  }

  async #startController(policy: string): Promise<void> {
    const { agentPort, statusPort } = this.#places;
    const config = join(this.folder, 'controller.json');
    const content = {
      haproxy: { socket: this.haproxy.socket },
      backends: [{ name: backend }],
      agents: { url: `http://{address}:${agentPort}` },
      periodMs: 1_000,
      policy,
      listen: `127.0.0.1:${statusPort}`,
      record: { file: this.recordingFile, ...recording },
    };
    await writeFile(config, JSON.stringify(content));
    const args = ['--import', probe, programs.haweight, 'controller', '--config', config];
    const controller = new Child('controller', [process.execPath, ...args], { ipc: true });
    controller.process.stderr?.on('data', (text: string) => {
      this.logged.bytes += Buffer.byteLength(text);
      this.logged.lines += text.split('\n').length - 1;
    });
    this.#controller = controller;
    await until(
      'a tick with all agents',
      async () => {
        controller.assertRunning();
        const status = await this.status().catch(() => null);
        const servers = status?.backends[0]?.servers ?? [];
        return servers.length === members.length && servers.every(({ agent }) => agent.state === 'fresh');
      },
      { limitMs: startMs },
    );
  }

  async #operatorSays(line: string): Promise<void> {
    const address = { kind: 'unix', path: this.haproxy.socket } as const;
    const options = { address, where: 'operator', timeoutMs: adminTimeoutMs, maxReplyBytes: adminReplyBytes };
    const reply = await exchange(line, options);
    if (!reply.ok) throw new ProblemError(reply.error);
    if (reply.value.trim() !== '') throw new Error(`${line}: ${reply.value}`);
  }

  #memberOf(name: string) {
    const index = members.findIndex((member) => member.name === name);
    const member = members[index];
    if (member === undefined) throw new Error(`no server ${name}`);
    const { network, appPorts } = this.#places;
    return { ...member, address: addressOf(network, index), port: appPorts[index] ?? 0 };
  }
}

async function findPlaces(): Promise<Places> {
  const network = someNetwork();
  const addresses = members.map((_, index) => addressOf(network, index));
  const [frontPort, statusPort, agentPort, ...appPorts] = await freePorts([
    {},
    {},
    { hosts: addresses },
    // one each: an agent is told its server's port only
    ...addresses.map((address) => ({ hosts: [address] })),
  ]);
  return { network, frontPort, statusPort, agentPort, appPorts };
}

function addressOf(network: string, index: number): string {
  return `${network}.${index + 1}`;
}

function configurationOf({ network, frontPort, appPorts }: Places): string {
  return [
    'global',
    // for the stretch of a reload; a worker that has not ended by then would pile up with the next ones
    '  hard-stop-after 20s',
    'defaults',
    '  mode http',
    '  timeout connect 1s',
    '  timeout client 1m',
    '  timeout server 10s',
    '  option redispatch',
    '  retries 3',
    'frontend front',
    `  bind 127.0.0.1:${frontPort}`,
    `  default_backend ${backend}`,
    `backend ${backend}`,
    '  balance roundrobin',
    ...members.map(({ name }, index) => {
      return `  server ${name} ${addressOf(network, index)}:${appPorts[index]} weight 100 check inter 500ms fall 2 rise 2`;
    }),
    '',
  ].join('\n');
}
