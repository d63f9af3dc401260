import { extname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ResourceLimits, Worker } from 'node:worker_threads';
import { ProblemError } from '../../shared/contract/problem.ts';
import { loadLibC } from '../../shared/process/libc.ts';
import type { Log } from '../../shared/process/log.ts';
import type { RenewedTls } from '../../shared/tls/renewed-tls.ts';
import { type Answerer, Answering } from '../serve/answering.ts';
import type { FromServing, Listening, ServingSettings, ToServing } from '../serve/messages.ts';

/** `.ts` in the repository, `.js` in the compiled package. */
const program = new URL(`../serve/worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

/** Room for the metrics of 10,000 servers. A heap that is full ends the thread, and not the controller. */
const heapLimits: ResourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 };

/** After the thread has died, in ms: twice as long each time, until it has lived for the longest pause. */
const pausesMs = { first: 1_000, longest: 60_000 };
/** How long its end is waited for, in ms. Mostly it takes 20; while its heap is nearly full it was 37 s. */
const endMs = 1_000;

export interface ServingOptions {
  readonly settings: Omit<ServingSettings, 'tls'>;
  readonly loop: Answerer;
  readonly tls: Pick<RenewedTls, 'material' | 'onRenewed'> | null;
  readonly logger: Log;
  /** Replaced in tests. */
  readonly limits?: ResourceLimits;
}

interface Thread {
  readonly worker: Worker;
  /** Resolves when it answers; rejects with why it ended before that. */
  readonly listening: Promise<Listening>;
  /** Resolves with why it ended. */
  readonly ended: Promise<unknown>;
}

/**
 * The thread that serves the status API. If it dies, that is logged, and after a pause there is another one at the same
 * address. The control loop never waits for it.
 */
export class ServingThread implements AsyncDisposable {
  readonly url: string;
  readonly #options: ServingOptions;
  readonly #stop = new AbortController();
  #thread: Thread;

  /** Throws a ProblemError where the address cannot be listened on. */
  static async start(options: ServingOptions): Promise<ServingThread> {
    const thread = launch(options);
    const { address, url } = await thread.listening;
    // a port that the system chose is kept
    const settings = { ...options.settings, listen: address };
    return new ServingThread(thread, url, { ...options, settings });
  }

  private constructor(thread: Thread, url: string, options: ServingOptions) {
    this.#thread = thread;
    this.#options = options;
    this.url = url;
    options.tls?.onRenewed((tls) => {
      const message: ToServing = { kind: 'renewed', tls };
      this.#thread.worker.postMessage(message);
    });
    process.once('exit', exitAtOnce);
    void this.#keepAlive();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    const { worker } = this.#thread;
    const ended = worker.terminate().then(() => true);
    if (await Promise.race([ended, delay(endMs, false, { ref: false })])) process.off('exit', exitAtOnce);
    else worker.unref();
  }

  async #keepAlive(): Promise<void> {
    const { logger } = this.#options;
    const { signal } = this.#stop;
    let pauseMs = pausesMs.first;
    while (!signal.aborted) {
      const startedMs = performance.now();
      const cause = await this.#thread.ended;
      if (signal.aborted) return;
      if (performance.now() - startedMs > pausesMs.longest) pauseMs = pausesMs.first;
      logger.error('status API down', { url: this.url, detail: detailOf(cause), againInMs: pauseMs });
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      pauseMs = Math.min(2 * pauseMs, pausesMs.longest);
      this.#thread = launch(this.#options);
      this.#thread.listening.then(
        ({ url }) => logger.info('status API down: over', { url }),
        () => undefined,
      );
    }
  }
}

function launch({ settings, loop, tls, logger, limits = heapLimits }: ServingOptions): Thread {
  const workerData: ServingSettings = { ...settings, tls: tls?.material ?? null };
  const worker = new Worker(program, { workerData, name: 'status', resourceLimits: limits });
  const answering = new Answering(loop);
  const listening = Promise.withResolvers<Listening>();
  const ended = Promise.withResolvers<unknown>();
  let cause: unknown = new Error('its thread has ended');
  worker.on('message', (message: FromServing) => {
    if (message.kind === 'question') {
      const reply = answering.answer(message);
      const toServing: ToServing = { kind: 'reply', ...reply };
      worker.postMessage(
        toServing,
        Object.values(reply.documents).map(({ json }) => json.buffer),
      );
    } else if (message.kind === 'log') logger[message.level](message.message, { ...message.fields });
    else if (message.kind === 'listening') listening.resolve(message);
    else cause = new ProblemError(message.problem);
  });
  worker.on('error', (error) => {
    cause = error;
  });
  worker.once('exit', () => {
    listening.reject(cause);
    ended.resolve(cause);
  });
  return { worker, listening: listening.promise, ended: ended.promise };
}

/** While the thread lives, because Node.js would wait for it, and it may be stuck. */
function exitAtOnce(code: number): void {
  try {
    loadLibC().exit(code);
  } catch {
    // no libc can be called here: the process ends when the thread does
  }
}

function detailOf(cause: unknown): string {
  if (cause instanceof ProblemError) return cause.message;
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
