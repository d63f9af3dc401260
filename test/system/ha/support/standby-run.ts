import { randomBytes } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Child } from '../../../../testbed/rig/child.ts';
import { programs } from '../../../../testbed/rig/programs.ts';
import { until } from '../../../../testbed/rig/wait.ts';
import { Haweight } from '../../../support/process.ts';
import { appPort } from '../../../support/stack.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { type ClientOutcome, sharedNowMs } from './client-protocol.ts';
import { Network } from './network.ts';
import { Pair } from './pair.ts';

/** The floating address of the shipped files. */
export const floating = '192.0.2.10';
/** Cores that each server counts as having, and how many it is busy with beside its requests. All have the same weight. */
const servers = {
  web1: { cores: 0.4, busy: 0.08 },
  web2: { cores: 0.2, busy: 0.08 },
  web3: { cores: 0.2, busy: 0.04 },
} as const;
const perSecond = 40;
const clientProgram = new URL('client.ts', import.meta.url).pathname;
export const periodMs = 1_000;

/** The weights that both HAProxys start with. */
export const configured: ReadonlyMap<string, number> = new Map(
  Object.keys(servers).map((server, _, all) => [server, 1 / all.length]),
);

interface Server {
  readonly name: string;
  readonly address: string;
  readonly cores: number;
  readonly busy: number;
  /** File with the agents' token. */
  readonly token: string;
}

/** The weights of the second pair at one moment, by `sharedNowMs`. */
export interface WeightSample {
  readonly atMs: number;
  readonly weights: ReadonlyMap<string, number>;
}

/**
 * Two HAProxys with a controller and keepalived each, on machines of their own; application servers with agents on a third
 * one, and a client on a fourth that knows only the floating address. Everything is real; the first pair has the address.
 */
export class StandbyRun implements AsyncDisposable {
  readonly outcomes: ClientOutcome[] = [];
  readonly #resources = new AsyncDisposableStack();
  readonly #network: Network;
  readonly #policy: string;
  #pairs: { readonly a: Pair; readonly b: Pair } | null = null;

  private constructor(network: Network, policy: string) {
    this.#network = network;
    this.#policy = policy;
  }

  static async start(policy = 'inverse-load'): Promise<StandbyRun> {
    const addresses = Object.keys(servers).map((_, index) => `192.0.2.${index + 11}`);
    const network = new Network({ a: ['192.0.2.2'], b: ['192.0.2.3'], apps: addresses, client: ['192.0.2.100'] });
    const run = new StandbyRun(network, policy);
    run.#resources.use(network);
    try {
      await run.#start(addresses);
      return run;
    } catch (error) {
      await run[Symbol.asyncDispose]();
      throw error;
    }
  }

  get a(): Pair {
    return this.#both.a;
  }

  get b(): Pair {
    return this.#both.b;
  }

  /** Whether this machine has the floating address. */
  async hasAddress(machine: 'a' | 'b'): Promise<boolean> {
    return await this.#network.has(machine, floating);
  }

  /** Waits until the weights of both stand still, and differ from the configured ones. */
  async steady(): Promise<void> {
    for (const pair of [this.a, this.b]) {
      await until('steady weights', async () => {
        const before = sharesOf(await pair.weights());
        await delay(3 * periodMs);
        const after = sharesOf(await pair.weights());
        return distance(after, before) < 0.03 && distance(after, configured) > 0.2;
      });
    }
  }

  /** Waits for answers by this machine's HAProxy to requests that are due from now on. */
  async answersBy(machine: 'a' | 'b', count: number): Promise<void> {
    const nowMs = sharedNowMs();
    await until(`answers by ${machine}`, () => {
      return this.outcomes.filter((each) => each.node === machine && each.intendedAtMs >= nowMs).length >= count;
    });
  }

  /** Watches the second pair's weights until `isEnough`. */
  async watchStandby(isEnough: () => boolean): Promise<readonly WeightSample[]> {
    const samples: WeightSample[] = [];
    await until('the end of the watch', async () => {
      samples.push({ atMs: sharedNowMs(), weights: await this.b.weights() });
      return isEnough();
    });
    return samples;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }

  get #both(): { readonly a: Pair; readonly b: Pair } {
    if (this.#pairs === null) throw new Error('not started');
    return this.#pairs;
  }

  async #start(addresses: readonly string[]): Promise<void> {
    const folder = this.#resources.use(await temporaryFolder());
    await chmod(folder.path, 0o755);
    const token = join(folder.path, 'agent.token');
    await writeFile(token, randomBytes(32).toString('hex'), { mode: 0o600 });
    for (const [index, [name, { cores, busy }]] of Object.entries(servers).entries()) {
      this.#serve({ name, address: addresses[index] ?? '', cores, busy, token });
    }
    const flags = ['--period-ms', String(periodMs), '--policy', this.#policy, '--agent-token-file', token];
    const start = async (name: 'a' | 'b') => {
      return this.#resources.use(await Pair.start({ network: this.#network, name, folder: folder.path, flags }));
    };
    const [a, b] = [await start('a'), await start('b')];
    this.#pairs = { a, b };
    await a.startKeepalived();
    await until('the first pair has the address', () => this.hasAddress('a'));
    await b.startKeepalived();
    this.#load();
    await this.answersBy('a', 20);
  }

  #serve({ name, address, cores, busy, token }: Server): void {
    const through = this.#network.on('apps');
    const flags = ['--name', name, '--listen', `${address}:${appPort}`, '--cpu-ms', '0', '--faults', `busy=${busy}`];
    const app = this.#resources.use(new Child(name, [process.execPath, programs.app, ...flags], { through }));
    const scope = ['--scope', 'process', '--pid', String(app.pid), '--cores', String(cores)];
    const where = ['--name', name, '--listen', `${address}:9477`, '--token-file', token];
    this.#resources.use(new Haweight(['agent', ...scope, ...where], {}, { through }));
  }

  #load(): void {
    const command = [process.execPath, clientProgram, `http://${floating}/`, String(perSecond)];
    const client = this.#resources.use(
      new Child('client', command, { through: this.#network.on('client'), ipc: true }),
    );
    client.process.on('message', (outcome: ClientOutcome) => void this.outcomes.push(outcome));
  }
}

export function sharesOf(weights: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const ours = [...weights].filter(([server]) => server in servers);
  const total = ours.reduce((sum, [, weight]) => sum + weight, 0);
  return new Map(ours.map(([server, weight]) => [server, weight / total]));
}

/** The part of the requests, 0 to 1, that go to other servers under one set of shares than under the other. */
export function distance(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): number {
  return [...one].reduce((sum, [server, share]) => sum + Math.abs(share - (other.get(server) ?? 0)), 0) / 2;
}
