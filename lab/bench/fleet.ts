import { Child } from '../../testbed/rig/child.ts';
import { freePorts } from '../../testbed/rig/ports.ts';
import { backend, type Stack, startStack } from '../../testbed/rig/stack.ts';
import { answers, until } from '../../testbed/rig/wait.ts';

/** The compiled program, as users install it: stripping types at the start costs memory. */
const bin = new URL('../../dist/cli/bin.js', import.meta.url).pathname;
const standIn = new URL('./stand-in-agents.ts', import.meta.url).pathname;

export interface Size {
  readonly backends: number;
  readonly servers: number;
}

/**
 * A real HAProxy with that many server lines, for a real controller. Every server has an address and an agent of its own;
 * one process answers for all agents.
 */
export class Fleet implements AsyncDisposable {
  readonly stack: Stack;
  readonly #names: readonly string[];
  readonly #all: AsyncDisposable;

  static async start({ backends, servers }: Size): Promise<Fleet> {
    await using cleanup = new AsyncDisposableStack();
    const [statusPort, agentPort] = await freePorts([{}, { hosts: ['0.0.0.0'] }]);
    const command = [process.execPath, standIn, String(agentPort), await askRealAgent()];
    cleanup.use(new Child('agents', command));
    await until('the agents', () => answers(`http://127.0.0.1:${agentPort}/v1/snapshot`));
    const names = Array.from({ length: backends }, (_, index) => (index === 0 ? backend : `${backend}${index}`));
    const lines = names.map((name, first) => {
      const addressOf = (index: number) => {
        const number = first * servers + index;
        return `127.${20 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}:9`;
      };
      const own = Array.from({ length: servers }, (_, index) => ({ name: `s${index}`, address: addressOf(index) }));
      return { name, servers: own };
    });
    const configuration = { backends: lines };
    const stack = cleanup.use(await startStack({ members: [], agentPort, statusPort, configuration, haweight }));
    return new Fleet(stack, names, cleanup.move());
  }

  private constructor(stack: Stack, names: readonly string[], all: AsyncDisposable) {
    this.stack = stack;
    this.#names = names;
    this.#all = all;
  }

  /** Starts one, and waits until it answers. */
  async startController(): Promise<Child> {
    const others = this.#names.slice(1).flatMap((name) => ['--backend', name]);
    const controller = this.stack.spawnController([...others, '--on-exit', 'keep']);
    await until('the controller', () => answers(`${this.stack.statusUrl}/healthz`));
    return controller;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#all[Symbol.asyncDispose]();
  }
}

/** What a real agent answers now. */
async function askRealAgent(): Promise<string> {
  const [port] = await freePorts([{}]);
  await using _agent = haweight('an agent', ['agent', '--scope', 'host', '--listen', `127.0.0.1:${port}`]);
  const url = `http://127.0.0.1:${port}/v1/snapshot`;
  await until('the agent', () => answers(url));
  return await (await fetch(url)).text();
}

function haweight(name: string, args: readonly string[]): Child {
  return new Child(name, [process.execPath, bin, ...args, '--log-level', 'error']);
}
