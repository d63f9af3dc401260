import { controllerPort } from '../../shared/contract/endpoints.ts';
import type { HaproxyProcess } from '../../testbed/rig/haproxy-process.ts';
import { freePorts } from '../../testbed/rig/ports.ts';
import { backend, type Stack as Rig, startHaweight, startStack } from '../../testbed/rig/stack.ts';
import { answers, until } from '../../testbed/rig/wait.ts';
import { balanceLine, type Contender } from './contenders.ts';
import { ports, type Server } from './servers/server.ts';

const startMs = 30_000;
/** As in production, and short enough to notice a server that is gone for 5 s. */
const checks = 'check inter 1s fall 2 rise 1';

/** HAProxy in front of the servers of a stack and, for contenders that have one, the controller. */
export class Stack implements AsyncDisposable {
  readonly contender: Contender;
  readonly backend = backend;
  /** Where clients send their requests. */
  readonly frontUrl: string;
  readonly #rig: Rig;

  private constructor(rig: Rig, contender: Contender, frontUrl: string) {
    this.#rig = rig;
    this.contender = contender;
    this.frontUrl = frontUrl;
  }

  /** `address`: a loopback address that only this stack uses. */
  static async start(
    contender: Contender,
    servers: readonly Server[],
    address: string,
    signal: AbortSignal,
  ): Promise<Stack> {
    const [frontPort, statusPort] = await freePorts([
      { port: 9480, hosts: [address] },
      { port: controllerPort, hosts: [address] },
    ]);
    const front = `${address}:${frontPort}`;
    const rig = await startStack({
      members: servers.map(({ name, host }) => ({ name, address: host, appPort: ports.app })),
      agentPort: ports.agent,
      statusHost: address,
      statusPort,
      configuration: {
        frontends: [{ name: 'experiment', bind: front, backend }],
        backends: [
          {
            name: backend,
            algorithm: balanceLine(contender.algorithm),
            lines: ['option redispatch', 'option abortonclose', 'retries 3'],
            servers: servers.map(({ name, host }) => ({ name, address: `${host}:${ports.app}`, options: checks })),
          },
        ],
      },
      haweight: (name, args) => startHaweight(`the ${name} of ${contender.name}`, args),
    });
    const stack = new Stack(rig, contender, `http://${front}`);
    try {
      await stack.#startController(signal);
      return stack;
    } catch (error) {
      await rig[Symbol.asyncDispose]();
      throw error;
    }
  }

  get haproxy(): HaproxyProcess {
    return this.#rig.haproxy;
  }

  /** Throws a ProblemError with the last lines of its log if the controller has ended. */
  assertRunning(): void {
    if (this.#hasController) this.#rig.controller.assertRunning();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rig[Symbol.asyncDispose]();
  }

  get #hasController(): boolean {
    return this.contender.weights !== 'none' && this.contender.weights !== 'oracle';
  }

  async #startController(signal: AbortSignal): Promise<void> {
    if (!this.#hasController) return;
    this.#rig.spawnController(['--policy', this.contender.weights]);
    const isHealthy = async () => {
      this.assertRunning();
      return await answers(`${this.#rig.statusUrl}/healthz`);
    };
    await until(`the start of ${this.contender.name}`, isHealthy, { limitMs: startMs, signal });
  }
}
