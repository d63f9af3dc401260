import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { until } from '../../../../testbed/rig/wait.ts';
import type { Haweight, Surroundings } from '../../../support/process.ts';
import { fewCores, Stack, type StackOptions } from '../../../support/stack.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { FaultyAgent } from './faulty-agent.ts';
import { FaultySocket } from './faulty-socket.ts';
import { OpenLoad, type Seen } from './open-load.ts';
import { Timeline } from './timeline.ts';

export interface FaultRunOptions extends Partial<StackOptions> {
  /** Further flags of the controller. */
  readonly flags?: readonly string[];
  /** Requests a second, all the time. */
  readonly perSecond?: number;
  /** The controller reaches HAProxy only through a socket that can be spoilt. */
  readonly faultySocket?: boolean;
  /** The server whose agent is reached only through one that can be told to misbehave. */
  readonly faultyAgent?: string;
  /** What the controller runs in. */
  readonly surroundings?: Surroundings;
}

export const sizes = { s1: 1, s2: 2, s3: 4 } as const;
/** As the sizes, but so small that a small real load overloads s1. */
export const smallCores = { s1: sizes.s1 * fewCores, s2: sizes.s2 * fewCores, s3: sizes.s3 * fewCores };
/** From this part of its earlier weight on, a server counts as back at its full weight. */
export const fullPart = 0.75;
/** As the sizes, but for the first server, which has far too much: so that it takes few ticks to correct. */
export const configured = { s1: 120, s2: 128, s3: 256 } as const;
/** How far a share may be from what it was and still be right. */
const tolerance = 0.15;
/**
 * The same for servers of few cores, which are busy with the tests' own requests. The kernel counts CPU time in hundredths
 * of a second, which are a tenth of what such a server has in a window: one more or less moves its share by a sixth. What
 * they are configured with is two thirds off.
 */
export const fewCoresTolerance = 0.45;

/**
 * HAProxy, three unequal servers with their agents, a controller and an open-loop load, brought to the point where the
 * weights are as the sizes; then whatever a test does to it. Everything is watched all the time.
 */
export class FaultRun implements AsyncDisposable {
  readonly stack: Stack;
  readonly load: OpenLoad;
  readonly timeline: Timeline;
  readonly socket: FaultySocket | null;
  readonly #agent: FaultyAgent | null;
  controller: Haweight;
  readonly #flags: readonly string[];
  readonly #startedAtMs = performance.now();
  #steady: ReadonlyMap<string, number> = new Map();

  private constructor(
    stack: Stack,
    socket: FaultySocket | null,
    agent: FaultyAgent | null,
    controller: Haweight,
    load: OpenLoad,
    flags: readonly string[],
  ) {
    this.stack = stack;
    this.socket = socket;
    this.#agent = agent;
    this.controller = controller;
    this.load = load;
    this.#flags = flags;
    this.timeline = new Timeline(stack.haproxy, () => stack.status());
  }

  static async start(options: FaultRunOptions = {}): Promise<FaultRun> {
    const {
      flags = [],
      perSecond = 50,
      faultySocket = false,
      faultyAgent,
      surroundings = {},
      ...stackOptions
    } = options;
    const stack = await Stack.start({
      servers: Object.keys(sizes),
      cores: sizes,
      weights: configured,
      masterWorker: true,
      lines: ['retries 3', 'option redispatch'],
      ...stackOptions,
    });
    try {
      const load = new OpenLoad(stack.port, perSecond);
      stack.endsWith(load);
      const socket = faultySocket ? await faultySocketOf(stack) : null;
      const agent = faultyAgent === undefined ? null : await faultyAgentOf(stack, faultyAgent);
      const all = [
        ...(socket === null ? [] : ['--socket', socket.path]),
        ...(agent === null ? [] : ['--agent', `${faultyAgent}=${agent.url}`]),
        ...['--log-level', 'debug', ...flags],
      ];
      const controller = await stack.startControllerIn(surroundings, ...all);
      const run = new FaultRun(stack, socket, agent, controller, load, all);
      stack.endsWith(run.timeline);
      await run.steady();
      return run;
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The agent that was asked for with `faultyAgent`. */
  get agent(): FaultyAgent {
    if (this.#agent === null) throw new Error('no server has a faulty agent');
    return this.#agent;
  }

  /** The socket that can be spoilt, in a run that has one. */
  get faulty(): FaultySocket {
    if (this.socket === null) throw new Error('this run has no faultySocket');
    return this.socket;
  }

  /** What is right: the weights when they last stood still. */
  get right(): ReadonlyMap<string, number> {
    return this.#steady;
  }

  /** Waits until the weights have stood still for three ticks, and takes them as what is right. */
  async steady(): Promise<ReadonlyMap<string, number>> {
    this.#steady = await until('steady weights', async () => {
      const before = await this.stack.weights();
      await this.stack.ticks(2);
      const after = await this.stack.weights();
      const moved = [...after].some(([server, weight]) => {
        return Math.abs(weight - (before.get(server) ?? 0)) > 0.05 * Math.max(weight, 1);
      });
      return moved || isConfigured(after) ? null : after;
    });
    return this.#steady;
  }

  /** The number of the last finished tick. Waits for a controller that is just starting. */
  async tick(): Promise<number> {
    return await until('a tick', () =>
      this.stack.status().then(
        ({ ticks }) => ticks || null,
        () => null,
      ),
    );
  }

  /** Starts the controller again, with the same flags, after it ended. */
  async restartController(surroundings: Surroundings = {}): Promise<void> {
    this.controller = await this.stack.startControllerIn(surroundings, ...this.#flags);
  }

  /**
   * The promise: after this many ticks that began after the fault's end, which is now, every server's share is what it was.
   * One tick more may be under way and have seen the fault.
   */
  async isRightWithin(t: ExecutionContext, ticks = 2, right = this.right, off = tolerance): Promise<void> {
    const now = await this.tick();
    await until(`${ticks} ticks`, async () => (await this.tick()) >= now + 1 + ticks);
    const weights = await this.stack.weights();
    const shown = `${JSON.stringify([...weights])}, right: ${JSON.stringify([...right])}`;
    for (const [server, share] of shares(weights)) {
      const rightShare = shares(right).get(server) ?? Number.NaN;
      t.true(Math.abs(share - rightShare) <= off * rightShare, `${server} of ${shown}`);
    }
  }

  /** Since this moment, of `performance.now()`, no weight was far from what is right. */
  stayedRight(t: ExecutionContext, sinceMs: number, what: string): void {
    const seen = this.timeline.samples.filter(({ atMs }) => atMs >= sinceMs);
    t.true(seen.length > 0, `${what}: nothing was seen`);
    const right = shares(this.right);
    const wrong = seen.find(({ servers }) => {
      const now = shares(new Map(servers.map(({ server, weight }) => [server, weight])));
      return [...now].some(([server, share]) => {
        const rightShare = right.get(server) ?? Number.NaN;
        return !(Math.abs(share - rightShare) <= tolerance * rightShare);
      });
    });
    t.is(wrong, undefined, `${what}: ${JSON.stringify(wrong)}, right: ${JSON.stringify([...this.right])}`);
  }

  /** HAProxy never was without a usable weight while it had a server, and no client got a 503, since the beginning. */
  async noOutage(t: ExecutionContext): Promise<Seen> {
    const seen = await this.load.seen(this.#startedAtMs, performance.now());
    t.is(seen.failed.get(503) ?? 0, 0, `503: ${JSON.stringify([...seen.failed])}`);
    t.deepEqual(this.timeline.outages, []);
    t.true(seen.requests > 0);
    return seen;
  }

  /** The same, and nothing else failed either. */
  async nothingFailed(t: ExecutionContext): Promise<Seen> {
    const seen = await this.noOutage(t);
    t.deepEqual([...seen.failed], []);
    return seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack[Symbol.asyncDispose]();
  }
}

async function faultyAgentOf(stack: Stack, server: string): Promise<FaultyAgent> {
  const agent = await FaultyAgent.start(`http://${stack.addressOf(server)}:9477`);
  stack.endsWith(agent);
  return agent;
}

/** In a folder of its own, which every user may enter: HAProxy's is private. */
async function faultySocketOf(stack: Stack): Promise<FaultySocket> {
  const folder = await temporaryFolder();
  stack.endsWith(folder);
  await chmod(folder.path, 0o755);
  const socket = new FaultySocket(join(folder.path, 'faulty.sock'), stack.haproxy.socket);
  await socket.listen();
  stack.endsWith(socket);
  return socket;
}

export function shares(weights: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  return new Map([...weights].map(([server, weight]) => [server, weight / total]));
}

/** What HAProxy starts with, which is not what is right. */
function isConfigured(weights: ReadonlyMap<string, number>): boolean {
  return Object.entries(configured).every(([server, weight]) => weights.get(server) === weight);
}
