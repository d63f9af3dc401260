import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type HaproxyInfo, RuntimeApi } from '../../haproxy/runtime-api.ts';
import { ProblemError, quote } from '../../shared/contract/problem.ts';
import { Child } from './child.ts';
import { findHaproxy } from './haproxy-program.ts';

export interface StartOptions {
  /** Text of haproxy.cfg. It needs no stats socket: one is added. Relative socket paths are in `folder`. */
  readonly configuration: string;
  /** Run as master and worker (-W), which is what can reload. */
  readonly masterWorker?: boolean;
  /** Path of the program; found by `findHaproxy` unless given. */
  readonly binary?: string;
}

/** How long HAProxy may take to answer after a start or reload, in ms; it takes some tens of ms. */
const readyMs = 10_000;
/** A reload takes some 50 ms; if nothing has come of it after this, in ms, it is asked for again. */
const reloadAgainMs = 1_000;
/** How often it is asked meanwhile, in ms. */
const pollMs = 10;
/** How long it may take to end after SIGTERM, in ms; then it is killed. */
const stopMs = 2_000;
/** How much an error tells of what it said, in characters. */
const toldCharacters = 4_000;

/** Starts HAProxy and waits until its stats socket answers. Throws a ProblemError, and leaves nothing, where it does not. */
export async function startHaproxy(options: StartOptions): Promise<HaproxyProcess> {
  const binary = options.binary ?? findHaproxy();
  if (binary === null) {
    throw failure(
      'no haproxy program found',
      'nothing',
      'Install it (apt install haproxy) or set HAPROXY to its path.',
    );
  }
  // mkdtemp makes it readable for this user only.
  const folder = await mkdtemp(join(tmpdir(), 'haweight-haproxy-'));
  const haproxy = new HaproxyProcess({ ...options, binary }, folder);
  try {
    await haproxy.start();
    return haproxy;
  } catch (error) {
    await haproxy.stop();
    throw error;
  }
}

/** A HAProxy of our own, in a private folder, without root. It does not outlive this process, however that ends. */
export class HaproxyProcess implements AsyncDisposable {
  readonly folder: string;
  /** Path of its stats socket, at level admin. */
  readonly socket: string;
  readonly api: RuntimeApi;
  readonly #options: StartOptions & { readonly binary: string };
  #child: Child | null = null;

  constructor(options: StartOptions & { readonly binary: string }, folder: string) {
    this.#options = options;
    this.folder = folder;
    this.socket = join(folder, 'admin.sock');
    this.api = new RuntimeApi({ socket: this.socket });
  }

  /** Process id: of the master where there is one. `api.info()` has that of the worker. */
  get pid(): number {
    if (this.#child === null) throw failure('HAProxy does not run', 'no process');
    return this.#child.pid;
  }

  /** Rejects with a ProblemError when it ends without having been stopped by us. */
  get failure(): Promise<never> {
    if (this.#child === null) throw failure('HAProxy does not run', 'no process');
    return this.#child.failure;
  }

  async start(): Promise<void> {
    const own = `global\n  stats socket ${this.socket} mode 600 level admin\n`;
    await writeFile(join(this.folder, 'own.cfg'), own);
    await this.#write(this.#options.configuration);
    const args = [...(this.#options.masterWorker ? ['-W'] : []), '-db', '-f', 'own.cfg', '-f', 'haproxy.cfg'];
    const { folder } = this;
    this.#child = new Child('haproxy', [this.#options.binary, ...args], { cwd: folder, folder, graceMs: stopMs });
    await this.#ready('start', () => true);
  }

  /** Reloads (SIGUSR2), with another configuration if one is given, and waits until a new worker answers. */
  async reload(configuration?: string): Promise<void> {
    if (!this.#options.masterWorker) throw new Error('only a HAProxy started with masterWorker can reload');
    const before = await this.api.info();
    if (!before.ok) throw new ProblemError(before.error);
    if (configuration !== undefined) await this.#write(configuration);
    const child = this.#child;
    if (child !== null) child.stderr = '';
    // The worker may answer before the master listens to signals, and then the first one is lost.
    const signal = () => child?.signal('SIGUSR2');
    signal();
    const again = setInterval(signal, reloadAgainMs);
    try {
      await this.#ready('reload', ({ pid }) => pid !== before.value.pid);
    } finally {
      clearInterval(again);
    }
  }

  /** Ends it by this signal, its workers too, and keeps its folder: `start` may follow. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    await child?.stop(signal);
  }

  /** Ends it and removes its folder. May be called again. */
  async stop(): Promise<void> {
    await this.end();
    await rm(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #write(configuration: string): Promise<void> {
    await writeFile(join(this.folder, 'haproxy.cfg'), configuration);
  }

  async #ready(step: string, isNew: (info: HaproxyInfo) => boolean): Promise<void> {
    const deadline = performance.now() + readyMs;
    while (performance.now() < deadline) {
      const info = await this.api.info();
      if (info.ok && isNew(info.value)) return;
      if (this.#child?.isRunning !== true) {
        await this.#child?.ended;
        if (this.#child?.process.pid === undefined)
          throw failure(`cannot run ${this.#options.binary}`, this.#lastErrors());
        throw failure(`HAProxy ended at its ${step}`, this.#lastErrors());
      }
      await delay(pollMs);
    }
    throw failure(`HAProxy did not answer within ${readyMs} ms of its ${step}`, this.#lastErrors());
  }

  /** Its alerts, without the notices around them. */
  #lastErrors(): string {
    const lines = (this.#child?.stderr ?? '').trim().split('\n');
    const alerts = lines.filter((line) => line.includes('[ALERT]'));
    return quote((alerts.length > 0 ? alerts : lines).join(' '), toldCharacters);
  }
}

function failure(what: string, got: string, fix?: string): ProblemError {
  return new ProblemError({
    code: 'command-failed',
    where: 'haproxy',
    what,
    got,
    ...(fix === undefined ? {} : { fix }),
  });
}
