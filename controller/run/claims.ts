import { isSameProcess } from '../../haproxy/process-info.ts';
import type { HaproxyControl, HaproxyInfo } from '../../haproxy/runtime-api.ts';
import { type Problem, ProblemError } from '../../shared/contract/problem.ts';
import type { Config } from '../config/schema.ts';
import { type Claim, claim, type Holder } from './lock.ts';
import { identityOf } from './same-haproxy.ts';
import { defaultListen } from './status-server.ts';

/** What a controller takes for itself, and where it can be asked. */
type ClaimedConfig = Pick<Config, 'backends' | 'dryRun' | 'record' | 'listen'> & {
  readonly haproxy: Pick<Config['haproxy'], 'socket'>;
};

/**
 * Makes sure that no other controller on this machine sets the weights of these backends or writes this recording, for as long
 * as the result is held. A dry run sets no weights.
 */
export class Claims implements AsyncDisposable {
  readonly #config: ClaimedConfig;
  readonly #self: Holder;
  #held: AsyncDisposable | null = null;
  /** Of the process that answers at HAProxy's address now. */
  #process: { readonly haproxy: HaproxyInfo; readonly held: AsyncDisposable } | null = null;

  private constructor(config: ClaimedConfig) {
    this.#config = config;
    this.#self = { pid: process.pid, listen: config.listen ?? defaultListen };
  }

  /** Claims what the configuration names. Throws a ProblemError, and holds nothing, where another controller has it. */
  static async take(config: ClaimedConfig): Promise<Claims> {
    const claims = new Claims(config);
    const held = await claim(claimsOf(config), claims.#self);
    if (!held.ok) throw new ProblemError(held.error);
    claims.#held = held.value;
    return claims;
  }

  /**
   * Claims the same backends of HAProxy's process, as another controller may have reached it by another address. Before any
   * weight is written to a process that was not seen before, such as after a reload. null: they are held.
   */
  async takeProcess(haproxy: HaproxyInfo): Promise<Problem | null> {
    if (this.#config.dryRun) return null;
    const before = this.#process;
    if (before !== null && isSameProcess(before.haproxy, haproxy)) {
      this.#process = { ...before, haproxy };
      return null;
    }
    await before?.held[Symbol.asyncDispose]();
    this.#process = null;
    const { socket } = this.#config.haproxy;
    const identity = identityOf(socket, haproxy);
    const wanted = this.#config.backends.map(
      ({ name }): Claim => ({ kind: 'process', socket, backend: name, haproxy, identity }),
    );
    const held = await claim(wanted, this.#self);
    if (!held.ok) return held.error;
    this.#process = { haproxy, held: held.value };
    return null;
  }

  /** The same at the start. Throws a ProblemError where another controller has them. A HAProxy that is away is claimed later. */
  async takeProcessOf(api: Pick<HaproxyControl, 'info'>): Promise<void> {
    const info = await api.info();
    const problem = info.ok ? await this.takeProcess(info.value) : null;
    if (problem !== null) throw new ProblemError(problem);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.held[Symbol.asyncDispose]();
    await this.#held?.[Symbol.asyncDispose]();
  }
}

function claimsOf({ backends, haproxy: { socket }, dryRun, record }: ClaimedConfig): readonly Claim[] {
  const weights = dryRun ? [] : backends.map(({ name }): Claim => ({ kind: 'backend', socket, backend: name }));
  return record === undefined ? weights : [...weights, { kind: 'recording', file: record.file }];
}
