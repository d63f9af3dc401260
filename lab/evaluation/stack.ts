import { controllerPort } from '../../shared/contract/endpoints.ts';
import type { Configuration } from '../../testbed/rig/haproxy-configuration.ts';
import type { HaproxyProcess } from '../../testbed/rig/haproxy-process.ts';
import { freePorts } from '../../testbed/rig/ports.ts';
import { backend, type Stack as Rig, startHaweight, startStack } from '../../testbed/rig/stack.ts';
import { answers, until } from '../../testbed/rig/wait.ts';
import { balanceLine, type Contender } from './contenders.ts';
import { ports, type Server } from './servers/server.ts';

const startMs = 30_000;
/** As in production, and short enough to notice a server that is gone for 5 s. */
const checks = 'check inter 1s fastinter 500ms downinter 500ms fall 2 rise 1';
/** A server that refuses connections is DOWN at once. */
const observe = 'observe layer4 error-limit 3 on-error mark-down';
/**
 * HAProxy's own fast path, as haproxy/haproxy.cfg has it. Every contender has it, since it needs no controller. All requests
 * are GET, so all may be repeated.
 */
const lines = [
  'option abortonclose',
  'retries 3',
  'option redispatch 1',
  'timeout queue 5s',
  'retry-on conn-failure empty-response 500 502 503',
];

/** From here on a limit is `maxconn` itself: more than any scenario has in flight. */
const fullconn = 10_000;
const bounded = { backend: [`fullconn ${fullconn}`], server: ` minconn 2 maxconn ${fullconn}` };

function limitsOf(limits: Contender['limits']): { readonly backend: readonly string[]; readonly server: string } {
  if (limits === 'on') return bounded;
  return { backend: [], server: limits === 'none' ? '' : ` maxconn ${limits}` };
}

/** The same for every contender, but for the balance line and the limits. `front`: the address at which it listens. */
export function configurationOf(
  { algorithm, limits }: Pick<Contender, 'algorithm' | 'limits'>,
  servers: readonly Pick<Server, 'name' | 'host'>[],
  front: string,
): Configuration {
  const limit = limitsOf(limits);
  return {
    frontends: [{ name: 'experiment', bind: front, backend }],
    backends: [
      {
        name: backend,
        algorithm: balanceLine(algorithm),
        lines: [...lines, ...limit.backend],
        servers: servers.map(({ name, host }) => {
          return { name, address: `${host}:${ports.app}`, options: `${checks} ${observe}${limit.server}` };
        }),
      },
    ],
  };
}

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
      configuration: configurationOf(contender, servers, front),
      haweight: (name, args, folder) => startHaweight(`the ${name} of ${contender.name}`, args, folder),
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
    const limits = this.contender.limits === 'on' ? ['--limits', 'on'] : [];
    this.#rig.spawnController(['--policy', this.contender.weights, ...limits]);
    const isHealthy = async () => {
      this.assertRunning();
      return await answers(`${this.#rig.statusUrl}/healthz`);
    };
    await until(`the start of ${this.contender.name}`, isHealthy, { limitMs: startMs, signal });
  }
}
