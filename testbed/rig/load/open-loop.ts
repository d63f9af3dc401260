import type { Request } from './arrivals.ts';
import type { Connection, Target } from './connection.ts';
import { noAnswer, type Outcome, resultOf } from './outcome.ts';
import { Pool } from './pool.ts';

export interface OpenLoopOptions {
  /** Taken in turn. */
  readonly targets: readonly Target[];
  /** By their times; without end where the load is ended by `stop` or `signal`. */
  readonly requests: Iterable<Request>;
  /** A request without a whole answer this long after its time has failed, in ms. */
  readonly deadlineMs: number;
  /** One more fails before it is sent. No limit without it. */
  readonly maxInFlight?: number;
  /** A new connection for each request, as from many people; without it connections are kept. */
  readonly newConnections?: boolean;
  /**
   * Called where a kept connection was closed before any byte of the answer; the request is then sent once more over a new
   * one, as clients do (RFC 9112, 9.3.1): the server may close an idle connection at any time, and has not seen the
   * request. Without it that is a failure.
   */
  readonly onRetry?: (failed: Outcome) => void;
  /** Ends it early: what is on its way fails as `stopped`, and nothing more is sent. */
  readonly signal?: AbortSignal;
  readonly onOutcome: (outcome: Outcome) => void;
}

/** Where and when a request goes out. */
interface Sending {
  readonly request: Request;
  readonly lagMs: number;
  readonly pool: Pool;
}

/**
 * Every request is sent at its time, whatever became of those before it. Latency counts from that time, so that a stall of
 * the server (or of this machine) is not left out of it.
 */
export class OpenLoop implements AsyncDisposable {
  readonly #options: OpenLoopOptions;
  readonly #requests: Iterator<Request>;
  readonly #pools: readonly Pool[];
  readonly #busy = new Map<Connection, Request>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #abort = () => this.#stopNow();
  #next: IteratorResult<Request>;
  #turn = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Times of outcomes count from here; by `performance.now()`. */
  readonly startedMs = performance.now();

  constructor(options: OpenLoopOptions) {
    this.#options = options;
    this.#pools = options.targets.map((target) => new Pool(target, options.newConnections !== true));
    this.#requests = options.requests[Symbol.iterator]();
    this.#next = this.#requests.next();
    options.signal?.addEventListener('abort', this.#abort);
    if (options.signal?.aborted === true) this.#stopNow();
    else this.#sendDue();
  }

  /** Resolves when every request has ended: at most one deadline after the last was sent. */
  get done(): Promise<void> {
    return this.#ended.promise;
  }

  /** When the requests that are on their way were to be sent, in ms. */
  get inFlight(): readonly number[] {
    return [...this.#busy.values()].map(({ atMs }) => atMs);
  }

  /** Sends no more, and resolves when every request has ended. */
  async stop(): Promise<void> {
    this.#sendNoMore();
    this.#finishIfDone();
    await this.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #nowMs(): number {
    return performance.now() - this.startedMs;
  }

  #sendDue(): void {
    while (this.#next.done !== true) {
      const request = this.#next.value;
      const lagMs = this.#nowMs - request.atMs;
      if (lagMs < 0) {
        this.#timer = setTimeout(() => this.#sendDue(), -lagMs);
        return;
      }
      this.#next = this.#requests.next();
      this.#start(request, lagMs);
    }
    this.#finishIfDone();
  }

  #start(request: Request, lagMs: number): void {
    const pool = this.#pools[this.#turn];
    if (pool === undefined) throw new Error('a load without a target');
    this.#turn = (this.#turn + 1) % this.#pools.length;
    const { maxInFlight, onOutcome } = this.#options;
    if (this.#busy.size < (maxInFlight ?? Number.POSITIVE_INFINITY)) this.#send({ request, lagMs, pool }, pool.take());
    else onOutcome({ ...this.#times(request, lagMs), ...noAnswer, failure: 'too-many-in-flight', detail: null });
  }

  #send(sending: Sending, connection: Connection): void {
    const { request, lagMs, pool } = sending;
    const { deadlineMs, onRetry, onOutcome } = this.#options;
    this.#busy.set(connection, request);
    connection.send(request.path, request.atMs + deadlineMs - this.#nowMs, (reply) => {
      this.#busy.delete(connection);
      pool.giveBack(connection);
      const outcome = { ...this.#times(request, lagMs), ...resultOf(reply) };
      if (onRetry !== undefined && reply.kind === 'broken' && reply.unanswered && reply.reused) {
        onRetry(outcome);
        this.#send(sending, pool.open());
        return;
      }
      onOutcome(outcome);
      this.#finishIfDone();
    });
  }

  #times({ atMs }: Request, lagMs: number): Pick<Outcome, 'atMs' | 'lagMs' | 'endedAtMs'> {
    return { atMs, lagMs, endedAtMs: this.#nowMs };
  }

  #sendNoMore(): void {
    clearTimeout(this.#timer);
    this.#next = { done: true, value: undefined };
  }

  #stopNow(): void {
    this.#sendNoMore();
    for (const connection of this.#busy.keys()) connection.stop();
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (this.#busy.size > 0 || this.#next.done !== true) return;
    this.#options.signal?.removeEventListener('abort', this.#abort);
    for (const pool of this.#pools) pool.close();
    this.#ended.resolve();
  }
}
