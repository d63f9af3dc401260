import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../../testbed/rig/child.ts';
import type { Configuration } from '../../testbed/rig/haproxy-configuration.ts';
import { operatorSays } from '../../testbed/rig/operator.ts';
import { addressesIn, freePorts, someNetwork } from '../../testbed/rig/ports.ts';
import { programs } from '../../testbed/rig/programs.ts';
import { backend, type Member, type Stack, startStack } from '../../testbed/rig/stack.ts';
import { until } from '../../testbed/rig/wait.ts';
import type { LiveMemory } from './heap-probe.ts';
import type { Fault } from './schedule.ts';

/** Two sizes, so that the correct weights are unequal. */
export const members = [
  { name: 's1', cores: 0.1 },
  { name: 's2', cores: 0.1 },
  { name: 's3', cores: 0.2 },
  { name: 's4', cores: 0.2 },
  { name: 's5', cores: 0.1 },
  { name: 's6', cores: 0.2 },
] as const;

/** Largest size of the recording: small, so that it rotates several times in a cycle. */
export const recording = { maxBytes: 128 * 1024, files: 3 } as const;
const probe = new URL('./heap-probe.ts', import.meta.url).pathname;
const askMs = 5_000;

/** The whole system as it is in production, with a policy, and the faults that can be caused in it. */
export class Fleet implements AsyncDisposable {
  readonly stack: Stack;
  readonly frontPort: number;
  readonly folder: string;
  /** What the controller has written to its log. */
  readonly logged = { bytes: 0, lines: 0 };

  private constructor(stack: Stack, frontPort: number, folder: string) {
    this.stack = stack;
    this.frontPort = frontPort;
    this.folder = folder;
  }

  static async start(policy: string): Promise<Fleet> {
    const addresses = addressesIn(someNetwork(), members.length);
    const [frontPort, statusPort, agentPort, ...appPorts] = await freePorts([
      {},
      {},
      { hosts: addresses },
      // one each: an agent is told its server's port only
      ...addresses.map((address) => ({ hosts: [address] })),
    ]);
    const placed = members.map((member, index) => {
      return { ...member, address: addresses[index] ?? '', appPort: appPorts[index] ?? 0 };
    });
    const memberOf = (name: string) => placed.find((member) => member.name === name);
    const coresOf = (name: string) => ['--cores', String(memberOf(name)?.cores)];
    const scopeOf = (name: string) => ['--scope', 'process', '--port', String(memberOf(name)?.appPort)];
    const stack = await startStack({
      members: placed,
      agentPort,
      statusPort,
      configuration: configurationOf(placed, frontPort),
      masterWorker: true,
      appFlags: coresOf,
      agentFlags: (name) => {
        return [
          ...scopeOf(name),
          ...coresOf(name),
          '--memory-limit',
          '512M',
          '--interface',
          'lo',
          '--link-speed',
          '1G',
        ];
      },
      haweight: (name, args) =>
        new Child(name, [process.execPath, '--import', probe, programs.haweight, ...args], { ipc: true }),
    });
    const fleet = new Fleet(stack, frontPort, await mkdtemp(join(tmpdir(), 'haweight-soak-')));
    try {
      for (const { name } of members) stack.spawnServer(name);
      await fleet.#startController(policy);
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  get recordingFile(): string {
    return join(this.folder, 'recording.ndjson');
  }

  async apply(fault: Fault, server: string | null): Promise<void> {
    const { stack } = this;
    const name = server ?? '';
    switch (fault) {
      case 'reload':
        await stack.haproxy.reload();
        break;
      case 'agent killed':
        await stack.agent(name).kill();
        break;
      case 'agent started':
        stack.spawnAgent(name);
        break;
      case 'agent stopped':
        stack.agent(name).signal('SIGSTOP');
        break;
      case 'agent continued':
        stack.agent(name).signal('SIGCONT');
        break;
      case 'server killed':
        await stack.app(name).kill();
        break;
      case 'server started':
        stack.spawnApp(name);
        break;
      case 'drain':
      case 'ready':
        await setState(stack, name, fault);
    }
  }

  /** Memory in use after a garbage collection; null if the process does not answer. */
  async liveMemory(child: Child): Promise<LiveMemory | null> {
    if (!child.isRunning) return null;
    return await child.ask('collect', askMs).then(
      (memory) => memory as LiveMemory,
      () => null,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #startController(policy: string): Promise<void> {
    const config = join(this.folder, 'controller.json');
    await writeFile(config, JSON.stringify({ record: { file: this.recordingFile, ...recording } }));
    const controller = this.stack.spawnController(['--config', config, '--period-ms', '1000', '--policy', policy]);
    controller.process.stderr?.on('data', (text: string) => {
      this.logged.bytes += Buffer.byteLength(text);
      this.logged.lines += text.split('\n').length - 1;
    });
    await until('a tick with all agents', async () => {
      controller.assertRunning();
      const status = await this.stack.status().catch(() => null);
      const servers = status?.backends[0]?.servers ?? [];
      return servers.length === members.length && servers.every(({ agent }) => agent.state === 'fresh');
    });
  }
}

/** HAProxy answers nothing where it has done it. */
async function setState({ haproxy }: Stack, name: string, state: 'drain' | 'ready'): Promise<void> {
  const line = `set server ${backend}/${name} state ${state}`;
  const reply = await operatorSays(haproxy, line);
  if (reply.trim() !== '') throw new Error(`${line}: ${reply}`);
}

function configurationOf(placed: readonly Member[], frontPort: number): Configuration {
  const servers = placed.map(({ name, address, appPort }) => {
    return { name, address: `${address}:${appPort}`, options: 'check inter 500ms fall 2 rise 2' };
  });
  return {
    // for the stretch of a reload; a worker that has not ended by then would pile up with the next ones
    global: ['hard-stop-after 20s'],
    defaults: ['timeout connect 1s', 'timeout client 1m', 'timeout server 10s'],
    frontends: [{ name: 'front', bind: `127.0.0.1:${frontPort}`, backend }],
    backends: [{ name: backend, lines: ['option redispatch', 'retries 3'], servers }],
  };
}
