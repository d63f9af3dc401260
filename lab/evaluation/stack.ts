import { Child } from '../../testbed/rig/child.ts';
import { renderConfiguration } from '../../testbed/rig/configuration.ts';
import { freePorts } from '../../testbed/rig/ports.ts';
import { type HaproxyProcess, startHaproxy } from '../../testbed/rig/process.ts';
import { programs } from '../../testbed/rig/programs.ts';
import { answers, until } from '../../testbed/rig/wait.ts';
import { balanceLine, type Contender } from './contenders.ts';
import { ports, type Server } from './servers/server.ts';

const backend = 'web';
const startMs = 30_000;
/** As an installation would have it, and short enough that a server which is gone for 5 s is noticed. */
const checks = 'check inter 1s fall 2 rise 1';

/** HAProxy before the servers of a stack and, for contenders that have one, the controller: what is compared. */
export class Stack implements AsyncDisposable {
  readonly haproxy: HaproxyProcess;
  readonly contender: Contender;
  readonly backend = backend;
  /** Where clients send their requests. */
  readonly frontUrl: string;
  readonly #controller: Child | null;

  private constructor(haproxy: HaproxyProcess, contender: Contender, frontUrl: string, controller: Child | null) {
    this.haproxy = haproxy;
    this.contender = contender;
    this.frontUrl = frontUrl;
    this.#controller = controller;
  }

  /** `address`: a loopback address of this stack alone. */
  static async start(
    contender: Contender,
    servers: readonly Server[],
    address: string,
    signal: AbortSignal,
  ): Promise<Stack> {
    const [frontPort, statusPort] = await freePorts([
      { port: 9480, hosts: [address] },
      { port: 9478, hosts: [address] },
    ]);
    const haproxy = await startHaproxy({
      configuration: renderConfiguration({
        frontends: [{ name: 'experiment', bind: `${address}:${frontPort}`, backend }],
        backends: [
          {
            name: backend,
            algorithm: balanceLine(contender.algorithm),
            lines: ['option redispatch', 'option abortonclose', 'retries 3'],
            servers: servers.map(({ name, host }) => ({ name, address: `${host}:${ports.app}`, options: checks })),
          },
        ],
      }),
    });
    const controller = startController(contender, haproxy.socket, `${address}:${statusPort}`);
    const stack = new Stack(haproxy, contender, `http://${address}:${frontPort}`, controller);
    try {
      await stack.#ready(`http://${address}:${statusPort}/healthz`, signal);
      return stack;
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Throws a ProblemError with its last words if the controller has ended. */
  assertRunning(): void {
    this.#controller?.assertRunning();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#controller?.stop();
    await this.haproxy.stop();
  }

  async #ready(healthUrl: string, signal: AbortSignal): Promise<void> {
    await until(
      `the start of ${this.contender.name}`,
      async () => {
        this.assertRunning();
        return this.#controller === null || (await answers(healthUrl));
      },
      { limitMs: startMs, signal },
    );
  }
}

function startController({ name, weights }: Contender, socket: string, listen: string): Child | null {
  if (weights === 'none' || weights === 'oracle') return null;
  const target = ['--socket', socket, '--backend', backend, '--agent-url', `http://{address}:${ports.agent}`];
  const flags = [...target, '--policy', weights, '--listen', listen];
  return new Child(`the controller of ${name}`, [process.execPath, programs.haweight, 'controller', ...flags]);
}
