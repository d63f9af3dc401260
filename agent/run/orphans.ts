import { type LibC, loadLibC } from '../../shared/process/libc.ts';
import type { Log } from '../../shared/process/log.ts';
import { ProcRoot } from '../kernel/proc-root.ts';

/** WNOHANG of <sys/wait.h>. */
const dontWait = 1;
/** Several that end at about the same time are looked for once. In ms. */
const pauseMs = 100;

/**
 * A process whose parent has ended becomes a child of process 1, and when it ends it stays a zombie, with its pid, until process
 * 1 has waited for it. Node.js waits only for processes that it started. As process 1 of a container we wait for the rest.
 */
export class Orphans implements Disposable {
  readonly #files = new ProcRoot();
  readonly #ownPids: ReadonlySet<number>;
  readonly #log: Log;
  #libc: LibC | null = null;
  #timer: NodeJS.Timeout | null = null;
  readonly #onChild = () => {
    this.#timer ??= setTimeout(() => this.#collect(), pauseMs).unref();
  };

  /** `ownPids`: processes that Node.js started, and waits for itself. */
  constructor(ownPids: ReadonlySet<number>, log: Log) {
    this.#ownPids = ownPids;
    this.#log = log;
    process.on('SIGCHLD', this.#onChild);
    // one may have ended before
    this.#onChild();
  }

  [Symbol.dispose](): void {
    process.off('SIGCHLD', this.#onChild);
    clearTimeout(this.#timer ?? undefined);
  }

  #collect(): void {
    this.#timer = null;
    try {
      for (const pid of this.#children()) if (!this.#ownPids.has(pid)) this.#wait(pid);
    } catch (error) {
      this[Symbol.dispose]();
      this.#log.warn('zombies are not collected', { detail: String(error), fix: 'Run an init as process 1.' });
    }
  }

  /** Zombies and others. */
  #children(): readonly number[] {
    const threads = this.#files.names('/proc/self/task') ?? [];
    const texts = threads.map((thread) => this.#files.textOrNull(`/proc/self/task/${thread}/children`) ?? '');
    return texts.flatMap((text) => text.match(/\d+/g) ?? []).map(Number);
  }

  /** Does nothing to one that still runs. */
  #wait(pid: number): void {
    this.#libc ??= loadLibC();
    this.#libc.waitpid(pid, null, dontWait);
  }
}
