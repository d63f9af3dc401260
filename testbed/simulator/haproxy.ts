import { Connector, type ConnectorOptions } from './connector.ts';
import type { Outcome } from './dispatch/dispatch.ts';
import type { Line } from './line.ts';
import type { FailureKind, Measures } from './measures.ts';
import { Pool, type PoolOptions } from './pool.ts';
import type { Request } from './request.ts';
import type { Balance } from './schema.ts';
import { Waiting } from './waiting.ts';

export interface HaproxyOptions extends PoolOptions, ConnectorOptions {
  readonly measures: Measures;
  /** `timeout queue` begins for a request. */
  readonly onWaiting: (request: Request, nowMs: number) => void;
}

/** One HAProxy: hands requests to servers, holds them back, counts, checks health. Its time is that of the calls. */
export class SimulatedHaproxy {
  readonly balance: Balance;
  readonly lines: readonly Line[];
  readonly fullconn: number | null;
  readonly #options: HaproxyOptions;
  readonly #pool: Pool;
  readonly #connector: Connector;
  readonly #waiting = new Waiting();
  #isOffering = false;
  /** Waiting requests that no server took in time. */
  queueTimeouts = 0;

  constructor(options: HaproxyOptions) {
    this.#options = options;
    this.#pool = new Pool(options);
    this.#connector = new Connector(options, this.#pool);
    this.balance = options.balance;
    this.lines = this.#pool.lines;
    this.fullconn = options.fullconn;
  }

  /** Requests at servers and waiting ones. */
  get sessions(): number {
    return this.#pool.sessions;
  }

  /** Requests that wait in the backend's queue. */
  get queued(): number {
    return this.#waiting.size;
  }

  /** Whether servers are up but every weight is 0, so that no request gets through. */
  get isShut(): boolean {
    return this.lines.some(({ up }) => up) && !this.#pool.isOpen;
  }

  /** Gives the request to a server, has it wait, or answers 503. */
  handle(request: Request, nowMs: number): void {
    this.#pool.sessions += 1;
    if (this.#pool.isOpen) this.#try(request, this.#place(request, null, nowMs), nowMs);
    else this.#fail(request, 'noServer', nowMs);
    this.#offer(nowMs);
  }

  /** A server has finished a request that this HAProxy still waited for. */
  answered(request: Request, nowMs: number): void {
    const line = this.#release(request, 'answered');
    if (line !== undefined) line.responses2xx += 1;
    this.#options.measures.answered(request, nowMs);
    this.#end(request, nowMs);
  }

  /**
   * `timeout server` has passed: the client gets 504, and the server does not notice. HAProxy itself answers, so this is not a
   * 5xx of the server, only a response error (measured with 2.6).
   */
  timedOut(request: Request, nowMs: number): void {
    const line = this.#release(request, 'timeout');
    if (line !== undefined) line.responseErrors += 1;
    this.#fail(request, 'timeout', nowMs);
  }

  /** `timeout queue` has passed: the client gets 503, and only the backend counts that (measured with 2.6). */
  queueTimedOut(request: Request, nowMs: number): void {
    this.#waiting.leave();
    this.queueTimeouts += 1;
    this.#options.measures.waited(request, nowMs);
    this.#fail(request, 'queueTimeout', nowMs);
  }

  /** The connection broke before the answer. */
  broken(request: Request, nowMs: number): void {
    const line = this.#release(request, 'broken');
    if (line !== undefined && this.#connector.mayRepeat(line, request, 'broken')) {
      this.#try(request, this.#elsewhere(line, request, nowMs), nowMs);
      this.#offer(nowMs);
      return;
    }
    if (line !== undefined) this.#connector.countFailure(line, 'broken');
    this.#fail(request, 'broken', nowMs);
  }

  check(index: number, nowMs: number): void {
    const line = this.lines[index];
    const server = this.#options.servers[index];
    if (line === undefined || server === undefined) return;
    line.health.check(server.accepts, nowMs);
    this.#pool.followHealth(line);
    this.#offer(nowMs);
  }

  /** Requests that wait are not offered to a server that gets a weight again, as in HAProxy (measured with 2.6). */
  setWeight(name: string, weight: number): boolean {
    return this.#pool.setWeight(name, weight);
  }

  /** 0: none, which releases nobody who waits (measured with 2.6). More room is used at once. */
  setLimit(name: string, limit: number, nowMs: number): boolean {
    const isKnown = this.#pool.setLimit(name, limit);
    this.#offer(nowMs);
    return isKnown;
  }

  /** An attempt, and others elsewhere while the last one may be repeated. `first` null: it waits. */
  #try(request: Request, first: Line | null, nowMs: number): void {
    for (let line = first; line !== null; line = this.#elsewhere(line, request, nowMs)) {
      const reception = this.#connector.connect(line, request, nowMs);
      if (reception === 'accepted') return;
      if (this.#connector.mayRepeat(line, request, reception)) continue;
      this.#connector.countFailure(line, reception);
      // for the client that is as bad, whatever the status
      this.#fail(request, reception === 'refused' ? 'refused' : 'status5xx', nowMs);
      return;
    }
  }

  /** The server for another attempt: not the one that was just tried, unless there is no other. null: it waits. */
  #elsewhere(line: Line, request: Request, nowMs: number): Line | null {
    this.#options.measures.retried(request);
    if (!this.#pool.isOpen) return line;
    const next = this.#place(request, line, nowMs);
    if (next !== line) line.redispatches += 1;
    return next;
  }

  /** The server that takes it now; null: it waits. */
  #place(request: Request, avoid: Line | null, nowMs: number): Line | null {
    // to roundrobin a queue says that all are full, though limits may have grown with it (`assign_server` in backend.c)
    const isFull = this.balance === 'roundrobin' && this.queued > 0;
    const line = isFull ? null : this.#pool.pick(avoid);
    if (line !== null) return line;
    request.stage += 1;
    request.queuedMs = nowMs;
    this.#waiting.push(request);
    this.#options.onWaiting(request, nowMs);
    return null;
  }

  /** Waiting requests go to the server that became freer, not where the algorithm would send them (`process_srv_queue`). */
  #offer(nowMs: number): void {
    // a request that fails at once frees its slot again: one loop for all, however many
    if (this.#isOffering) return;
    this.#isOffering = true;
    for (let line = this.#next(); line !== null; line = this.#next()) {
      const request = this.#waiting.shift();
      if (request === undefined) continue;
      this.#options.measures.waited(request, nowMs);
      this.#try(request, line, nowMs);
    }
    this.#isOffering = false;
  }

  #next(): Line | null {
    if (this.queued > 0) return this.#pool.freed();
    this.#pool.forgetFreed();
    return null;
  }

  #release(request: Request, outcome: Outcome): Line | undefined {
    const line = this.lines[request.server];
    if (line !== undefined) this.#pool.release(line, request, outcome);
    return line;
  }

  #fail(request: Request, kind: FailureKind, nowMs: number): void {
    this.#options.measures.failed(request, kind, nowMs);
    this.#end(request, nowMs);
  }

  /** Its slot is offered while it still counts as in flight (measured with 2.6). */
  #end(request: Request, nowMs: number): void {
    request.over = true;
    this.#offer(nowMs);
    this.#pool.sessions -= 1;
  }
}
