import { configSchema } from '../../../controller/config/schema.ts';
import { Loop, type LoopOptions } from '../../../controller/loop/loop.ts';
import type { AgentSource } from '../../../controller/observe/agent-client.ts';
import type { HaproxyControl } from '../../../haproxy/runtime-api.ts';
import { agentUnreachable } from '../../../shared/contract/problems/agent.ts';
import { err, ok } from '../../../shared/contract/result.ts';
import type { HaproxyProcess } from '../../../testbed/rig/haproxy-process.ts';
import { operatorSays } from '../../../testbed/rig/operator.ts';
import { weights } from '../../haproxy/setup.ts';
import { snapshot } from '../../support/snapshot.ts';
import { recordingLogger } from './recording-logger.ts';

const { metrics } = snapshot();

/** The controller's loop on a real HAProxy, with agents that say what a test wants and a clock that it moves. */
export class LiveLoop {
  readonly haproxy: HaproxyProcess;
  readonly loop: Loop;
  readonly lines: ReturnType<typeof recordingLogger>['lines'];
  /** RAM in use, by server; null: its agent is silent. */
  readonly ram = new Map<string, number | null>();
  /** Of the servers that are not named there. */
  ramOfOthers: number | null = 0.3;
  #nowMs = 1_000_000;

  constructor(
    haproxy: HaproxyProcess,
    options: Partial<Pick<LoopOptions, 'api' | 'ledgerOf' | 'limitLedgerOf' | 'clock'>> = {},
    policy = 'equal',
    dryRun = false,
    limits = 'observe',
  ) {
    const { logger, lines } = recordingLogger();
    const api: HaproxyControl = haproxy.api;
    const config = configSchema.parse({
      haproxy: { socket: haproxy.socket },
      backends: [{ name: 'web' }],
      policy,
      dryRun,
      limits,
    });
    const clock = { monotonicMs: () => this.#nowMs, wallMs: () => this.#nowMs };
    this.haproxy = haproxy;
    this.lines = lines;
    this.loop = new Loop({ config, api, agents: this.#agents(), logger, clock, ...options });
  }

  async ticks(count: number): Promise<void> {
    for (let done = 0; done < count; done += 1) {
      this.#nowMs += 2_000;
      await this.loop.tick();
    }
  }

  /** So many looks, 200 ms apart. */
  async looks(count: number): Promise<void> {
    for (let done = 0; done < count; done += 1) {
      this.#nowMs += 200;
      await this.loop.look();
    }
  }

  /** Fails where HAProxy has anything to say about it. */
  async operator(line: string): Promise<void> {
    const said = (await operatorSays(this.haproxy, line)).trim();
    if (said !== '') throw new Error(`${line}: ${said}`);
  }

  async weights(): Promise<Record<string, number>> {
    return await weights(this.haproxy.api, 'web');
  }

  /** As at SIGTERM. The weights then. */
  async leave(): Promise<Record<string, number>> {
    const [problem] = await this.loop.restore();
    if (problem !== undefined) throw new Error(problem.what);
    return await this.weights();
  }

  #agents(): AgentSource {
    return {
      deadline: () => new AbortController().signal,
      fetch: (url, server) => {
        const ram = this.ram.has(server) ? this.ram.get(server) : this.ramOfOthers;
        if (ram === null || ram === undefined) return Promise.resolve(err(agentUnreachable(url, 'silent')));
        const said = { ...metrics, ram: { ...metrics.ram, utilisation: ram } as never };
        const calm = { ...said, tcpQueues: { ...metrics.tcpQueues, utilisation: 0.1 } as never };
        return Promise.resolve(ok(snapshot({ takenAtMs: this.#nowMs, ageMs: 5, metrics: calm })));
      },
    };
  }
}
