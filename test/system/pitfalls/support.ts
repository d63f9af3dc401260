// Pitfalls that the tools of other load balancers fell into, as their public issue trackers report them. Each test of this
// folder plays one of them against haweight.

import { configSchema } from '../../../controller/config/schema.ts';
import { Loop } from '../../../controller/loop/loop.ts';
import type { AgentSource } from '../../../controller/observe/agent-client.ts';
import { RuntimeApi } from '../../../haproxy/runtime-api.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { Problem } from '../../../shared/contract/problem.ts';
import { err, ok, type Result } from '../../../shared/contract/result.ts';
import type { Snapshot } from '../../../shared/contract/snapshot.ts';
import type { ServerStatus } from '../../../shared/contract/status.ts';
import { type Backend, renderConfiguration, type Server } from '../../../testbed/rig/haproxy-configuration.ts';
import { type HaproxyProcess, startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { operatorSays } from '../../../testbed/rig/operator.ts';
import { recordingLogger } from '../../controller/support/recording-logger.ts';
import { snapshot } from '../../support/snapshot.ts';

/** What an agent answers; null: it does not answer. */
export type Script = () => Partial<Snapshot> | null;

const { metrics: calmMetrics } = snapshot();
const dead: Problem = { code: 'agent-unreachable', where: 'script', what: 'the agent cannot be reached' };
const periodMs = 2_000;

/** The metrics of a calm server, with this CPU utilisation. */
export function atCpu(utilisation: number): Partial<Snapshot> {
  const raw = { busyCoreSeconds: 4 * utilisation, availableCoreSeconds: 4, stealCoreSeconds: 0 };
  const tcpQueues = { ...calmMetrics.tcpQueues, utilisation: 0.1 } as typeof calmMetrics.tcpQueues;
  return { metrics: { ...calmMetrics, tcpQueues, cpu: { status: 'ok', utilisation, raw } } };
}

export const calm: Script = () => atCpu(0.3);
export const overloaded: Script = () => atCpu(0.95);
export const silent: Script = () => null;

/** A real HAProxy and the real loop. Only the agents and the clock are the test's, so that no test waits for a tick. */
export class Rig implements AsyncDisposable {
  readonly haproxy: HaproxyProcess;
  readonly agents = new Map<string, Script>();
  #nowMs = 1_000_000;
  #loop: Loop | null = null;

  private constructor(haproxy: HaproxyProcess) {
    this.haproxy = haproxy;
  }

  static async start(servers: readonly Server[], backend: Partial<Backend> = {}): Promise<Rig> {
    const backends = [{ name: 'web', ...backend, servers }];
    const rig = new Rig(await startHaproxy({ configuration: renderConfiguration({ backends }), masterWorker: true }));
    for (const { name } of servers) rig.agents.set(name, calm);
    rig.restart();
    return rig;
  }

  /** As if the controller were killed and started again: it knows nothing, and HAProxy is as it was. */
  restart(): void {
    const { socket } = this.haproxy;
    const url = 'http://{server}:9477';
    const config = configSchema.parse({ haproxy: { socket }, backends: [{ name: 'web' }], agents: { url }, periodMs });
    const clock: Clock = { monotonicMs: () => this.#nowMs, wallMs: () => this.#nowMs };
    const agents: AgentSource = {
      deadline: () => new AbortController().signal,
      fetch: (_, server) => Promise.resolve(this.#answer(server)),
    };
    this.#loop = new Loop({ config, api: new RuntimeApi({ socket }), agents, logger: recordingLogger().logger, clock });
  }

  async tick(count = 1): Promise<void> {
    for (let done = 0; done < count; done += 1) {
      this.#nowMs += periodMs;
      await this.#loop?.tick();
    }
  }

  /** Ticks until a server has weight 0. */
  async untilDrained(name: string): Promise<void> {
    for (let tick = 0; tick < 30; tick += 1) {
      await this.tick();
      if ((await this.weight(name)) === 0) return;
    }
    throw new Error(`${name} is not drained: ${JSON.stringify(this.shown(name))}`);
  }

  /** The weights that HAProxy has after each of these ticks. */
  async path(name: string, ticks: number): Promise<number[]> {
    const path: number[] = [];
    for (let tick = 0; tick < ticks; tick += 1) {
      await this.tick();
      path.push(await this.weight(name));
    }
    return path;
  }

  async weight(name: string): Promise<number> {
    const servers = await this.haproxy.api.servers('web');
    if (!servers.ok) throw new Error(JSON.stringify(servers.error));
    return servers.value.find(({ server }) => server === name)?.weight ?? Number.NaN;
  }

  shown(name: string): ServerStatus | undefined {
    return this.#loop?.status.backends[0]?.servers.find(({ server }) => server === name);
  }

  async operator(line: string): Promise<string> {
    return await operatorSays(this.haproxy, line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.haproxy.stop();
  }

  #answer(server: string): Result<Snapshot, Problem> {
    const said = this.agents.get(server)?.() ?? null;
    return said === null ? err(dead) : ok(snapshot({ host: server, takenAtMs: this.#nowMs, ageMs: 100, ...said }));
  }
}

/** Servers of equal weight at addresses where nothing listens. */
export function servers(...names: readonly string[]): Server[] {
  return names.map((name, index) => ({ name, address: `127.0.0.1:${index + 1}` }));
}
