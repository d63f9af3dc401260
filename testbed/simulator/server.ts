import { type Conditions, normalConditions } from './conditions.ts';
import { JobHeap } from './job-heap.ts';
import { Queue } from './queue.ts';
import type { Request } from './request.ts';
import type { ServerSpec } from './schema.ts';

/** A server's immediate answer to a connection. */
export type Reception = 'accepted' | 'refused' | 'error';

/** Since the start, all but the last in core-ms. */
export interface Usage {
  readonly busyMs: number;
  /** While it was not down. */
  readonly availableMs: number;
  /** Sum over requests of how long each was here, in ms. */
  readonly presentMs: number;
}

export interface ServerOptions {
  readonly spec: ServerSpec;
  /** Draws which requests a faulty server fails. */
  readonly random: () => number;
  /** Time of the next completion, in ms; Infinity: none. */
  readonly reschedule: (atMs: number) => void;
  readonly onDone: (request: Request, nowMs: number) => void;
  readonly onBroken: (request: Request, nowMs: number) => void;
}

/**
 * A server: requests share its cores equally, each at most one core (egalitarian processor sharing), up to a limit;
 * more wait in the accept queue, and beyond that connections are refused. With a limit of k workers this is first in, first
 * out: k requests at a time, each on its own core while k is at most the number of cores.
 *
 * Work is counted in virtual time: the work that each request in service has received since the server was last idle. A
 * request ends when virtual time reaches (its value at the request's start + the demand), so an event costs O(log n).
 */
export class Server {
  readonly #options: ServerOptions;
  readonly #cores: number;
  /** Most requests in service. */
  readonly limit: number;
  readonly backlog: number;
  readonly #inService = new JobHeap<Request>();
  readonly #waiting = new Queue<Request>();
  #conditions = normalConditions;
  #virtualMs = 0;
  #updatedMs = 0;
  /** Core-ms since the start: available (not down), busy, and busy as the CPU metric shows it. */
  #availableMs = 0;
  #busyMs = 0;
  #shownBusyMs = 0;
  #presentMs = 0;
  #completed = 0;

  constructor(options: ServerOptions) {
    const { spec } = options;
    this.#options = options;
    this.#cores = spec.cores;
    this.limit = spec.discipline === 'fifo' ? (spec.workers ?? Math.max(1, Math.round(spec.cores))) : spec.threads;
    this.backlog = spec.backlog;
  }

  get conditions(): Conditions {
    return this.#conditions;
  }

  get inService(): number {
    return this.#inService.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Finished requests, including those whose client no longer waited. */
  get completed(): number {
    return this.#completed;
  }

  /** Work per second in core-seconds of speed 1; 0 while it is down. */
  get capacity(): number {
    const { down, speedFactor } = this.#conditions;
    return down ? 0 : this.#cores * this.#options.spec.speed * speedFactor;
  }

  get accepts(): boolean {
    const hasRoom = this.#inService.size < this.limit || this.#waiting.size < this.backlog;
    return !this.#conditions.down && hasRoom;
  }

  /** Utilisation between two instants: busy / available. */
  usage(nowMs: number): Usage {
    this.#advance(nowMs);
    return { busyMs: this.#busyMs, availableMs: this.#availableMs, presentMs: this.#presentMs };
  }

  shownBusyMs(nowMs: number): number {
    this.#advance(nowMs);
    return this.#shownBusyMs;
  }

  receive(request: Request, nowMs: number): Reception {
    const { down, errorShare } = this.#conditions;
    if (down) return 'refused';
    if (errorShare > 0 && this.#options.random() < errorShare) return 'error';
    this.#advance(nowMs);
    if (this.#inService.size < this.limit) {
      this.#start(request);
      this.#reschedule();
      return 'accepted';
    }
    if (this.#waiting.size >= this.backlog) return 'refused';
    this.#waiting.push(request);
    return 'accepted';
  }

  /** The request that `reschedule` announced is finished. */
  complete(nowMs: number): void {
    this.#advance(nowMs);
    // set exactly, so that rounding never leaves a finished request in service
    this.#virtualMs = this.#inService.leastKey;
    const done = this.#inService.pop();
    this.#completed += 1;
    const next = this.#waiting.shift();
    if (next !== undefined) this.#start(next);
    else if (this.#inService.size === 0) this.#virtualMs = 0;
    this.#reschedule();
    if (done !== undefined) this.#options.onDone(done, nowMs);
  }

  become(conditions: Conditions, nowMs: number): void {
    this.#advance(nowMs);
    this.#conditions = conditions;
    const broken = conditions.down ? [...this.#inService.drain(), ...this.#waiting.drain()] : [];
    this.#reschedule();
    for (const request of broken) this.#options.onBroken(request, nowMs);
  }

  #start(request: Request): void {
    this.#inService.push(this.#virtualMs + request.demandMs, request);
  }

  #advance(nowMs: number): void {
    const elapsedMs = nowMs - this.#updatedMs;
    if (elapsedMs === 0) return;
    this.#updatedMs = nowMs;
    if (!this.#conditions.down) this.#availableMs += elapsedMs * this.#cores;
    const jobs = this.#inService.size;
    if (jobs === 0) return;
    this.#presentMs += elapsedMs * (jobs + this.#waiting.size);
    const busyMs = elapsedMs * Math.min(jobs, this.#cores);
    this.#busyMs += busyMs;
    this.#shownBusyMs += busyMs * this.#conditions.shownFactor;
    this.#virtualMs += elapsedMs * this.#rate(jobs);
  }

  /** Virtual time per ms: the work that each of this many requests receives. */
  #rate(jobs: number): number {
    return this.#options.spec.speed * this.#conditions.speedFactor * Math.min(1, this.#cores / jobs);
  }

  #reschedule(): void {
    const jobs = this.#inService.size;
    if (jobs === 0) this.#options.reschedule(Number.POSITIVE_INFINITY);
    else {
      const leftMs = Math.max(0, this.#inService.leastKey - this.#virtualMs);
      this.#options.reschedule(this.#updatedMs + leftMs / this.#rate(jobs));
    }
  }
}
