import { boundFor, timesFairPart } from '../../../../controller/decide/limits/bound.ts';
import type { Refutation } from '../../../../shared/contract/server-limit.ts';
import type { ServerStatus } from '../../../../shared/contract/status.ts';
import { until } from '../../../../testbed/rig/wait.ts';
import { type Finished, type Haweight, haweight } from '../../../support/process.ts';
import { Stack, type StackOptions } from '../../../support/stack.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { OpenLoad } from './open-load.ts';

export interface LimitsRunOptions extends Partial<StackOptions> {
  readonly limits?: 'on' | 'off';
  /** Further flags of the controller. */
  readonly flags?: readonly string[];
  /** CPU of a request, in ms. */
  readonly cpuMs?: number;
}

export const names = ['s1', 's2', 's3'] as const;
/** The lines of a backend whose limits scale with the load: what haproxy.cfg has for it. */
export const scaling = { lines: ['fullconn 10000'], server: 'check inter 1s minconn 2 maxconn 10000' } as const;
export const fullconn = 10_000;
/** What each of three equal servers may have. */
export const boundOfThree = boundFor(1 / 3, timesFairPart([1 / 3]), fullconn);
/** A proven limit comes down to it from a few times as many. */
const lowest = 3;
/** Of each server: so few that requests of some ms show in its utilisation. */
const cores = 0.25;

/** HAProxy, three equal servers with their agents, and a controller that may write limits. */
export class LimitsRun implements AsyncDisposable {
  readonly stack: Stack;
  readonly #flags: readonly string[];
  readonly #environment: NodeJS.ProcessEnv;
  controller: Haweight;

  private constructor(stack: Stack, flags: readonly string[], environment: NodeJS.ProcessEnv, controller: Haweight) {
    this.stack = stack;
    this.#flags = flags;
    this.#environment = environment;
    this.controller = controller;
  }

  static async start({ limits = 'on', flags = [], cpuMs = 2, ...options }: LimitsRunOptions = {}): Promise<LimitsRun> {
    const stack = await Stack.start({ servers: names, cores, masterWorker: true, ...options });
    try {
      await Promise.all((options.servers ?? names).map((name) => stack.tell(name, { cpuMs })));
      const folder = stack.endsWith(await temporaryFolder());
      const environment = { RUNTIME_DIRECTORY: folder.path };
      const all = ['--limits', limits, ...flags];
      const controller = await stack.startControllerIn({ environment }, ...all);
      return new LimitsRun(stack, all, environment, controller);
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
  }

  load(perSecond: number): OpenLoad {
    return this.stack.endsWith(new OpenLoad(this.stack.port, perSecond));
  }

  async restartController(): Promise<void> {
    this.controller = await this.stack.startControllerIn({ environment: this.#environment }, ...this.#flags);
  }

  /** What systemd runs after the controller. */
  async restoreAfterExit(): Promise<Finished> {
    return await haweight(['restore', '--after-exit', '--socket', this.stack.haproxy.socket, '--backend', 'web'], {
      ...this.#environment,
    });
  }

  /** HAProxy's limits, in the order of the servers; null: none. */
  async limits(): Promise<readonly (number | null)[]> {
    return (await this.#rows()).filter(({ kind }) => kind === 'server').map(({ limit }) => limit);
  }

  /** Waits until every server has the configured limit again; null: none. Returns how long that took, in ms. */
  async opened(configured: number | null = null): Promise<number> {
    const fromMs = performance.now();
    await until('limits open', async () => (await this.limits()).every((limit) => limit === configured));
    return performance.now() - fromMs;
  }

  /** Whether a tick has found a limit wrong in this way. */
  async refuted(how: Refutation): Promise<void> {
    await until(how, async () => {
      const servers = (await this.stack.status()).backends[0]?.servers ?? [];
      return servers.some(({ limit }) => limit?.reason?.code === 'open' && limit.reason.refuted === how);
    });
  }

  /** Requests at each server, in the order of the servers. */
  async inFlight(): Promise<readonly number[]> {
    return (await this.#rows()).filter(({ kind }) => kind === 'server').map(({ currentSessions }) => currentSessions);
  }

  async #rows() {
    // while it is reloaded, HAProxy may not answer
    return await until('the counters of HAProxy', async () => {
      const rows = await this.stack.haproxy.api.stats('web');
      return rows.ok ? rows.value : null;
    });
  }

  /** Waits until every server has a limit that is proven, and as low as they get, or that scales. */
  async limited(code: 'proven' | 'bound'): Promise<void> {
    let shown = '';
    await until(
      () => `every limit ${code}: ${shown}`,
      async () => {
        const servers = (await this.stack.status()).backends[0]?.servers ?? [];
        shown = JSON.stringify(servers.map(({ limit }) => limit));
        return servers.length > 0 && servers.every(({ limit }) => isInForce(limit, code));
      },
      { limitMs: 90_000 },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack[Symbol.asyncDispose]();
  }
}

function isInForce(shown: ServerStatus['limit'], code: 'proven' | 'bound'): boolean {
  if (shown === null || shown.reason?.code !== code || shown.now === null || shown.now !== shown.limit) return false;
  return code === 'bound' || shown.now <= lowest;
}
