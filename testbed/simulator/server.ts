import { type Conditions, normalConditions } from './conditions.ts';
import { JobHeap } from './job-heap.ts';
import { Queue } from './queue.ts';
import type { Request } from './request.ts';
import type { ServerSpec } from './schema.ts';
import type { Usage } from './usage.ts';

/** A server's immediate answer to a connection. */
export type Reception = 'accepted' | 'refused' | 'error';

export interface ServerOptions {
  readonly spec: ServerSpec;
  /** Draws which requests a faulty server fails. */
  readonly random: () => number;
  /** When to call `proceed` next, in ms; Infinity: not at all. */
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
  /** Cores that the application can use. */
  readonly #usableCores: number;
  /** Most requests in service. */
  readonly limit: number;
  readonly backlog: number;
  readonly #inService = new JobHeap<Request>();
  readonly #waiting = new Queue<Request>();
  /** Requests that wait without CPU, by the instant at which their work begins. */
  readonly #inIo = new JobHeap<Request>();
  #conditions = normalConditions;
  #virtualMs = 0;
  #updatedMs = 0;
  /** Core-ms since the start: available (not down), busy, and busy as the CPU metric shows it. */
  #availableMs = 0;
  #busyMs = 0;
  #shownBusyMs = 0;
  #presentMs = 0;
  #completed = 0;
  #erred = 0;

  constructor(options: ServerOptions) {
    const { spec } = options;
    this.#options = options;
    this.#cores = spec.cores;
    this.#usableCores = spec.usableCores ?? spec.cores;
    this.limit = spec.discipline === 'fifo' ? (spec.workers ?? Math.max(1, Math.round(spec.cores))) : spec.threads;
    this.backlog = spec.backlog;
  }

  get conditions(): Conditions {
    return this.#conditions;
  }

  /** At work, or at a wait without CPU that takes a thread. */
  get inService(): number {
    return this.#inService.size + (this.#options.spec.asyncIo ? 0 : this.#inIo.size);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get completed(): number {
    return this.#completed;
  }

  /** Requests that it answered with an error at once. */
  get erred(): number {
    return this.#erred;
  }

  /** Work per second in core-seconds of speed 1; 0 while it is down. */
  get capacity(): number {
    const { down, speedFactor } = this.#conditions;
    return down ? 0 : this.#usableCores * this.#options.spec.speed * speedFactor;
  }

  get accepts(): boolean {
    const hasRoom = this.inService < this.limit || this.#waiting.size < this.backlog;
    return !this.#conditions.down && hasRoom;
  }

  /** Utilisation between two instants: busy / available. */
  usage(nowMs: number): Usage {
    this.#advance(nowMs);
    return {
      busyMs: this.#busyMs,
      availableMs: this.#availableMs,
      presentMs: this.#presentMs,
      completed: this.#completed,
    };
  }

  shownBusyMs(nowMs: number): number {
    this.#advance(nowMs);
    return this.#shownBusyMs;
  }

  receive(request: Request, nowMs: number): Reception {
    const { down, errorShare } = this.#conditions;
    if (down) return 'refused';
    if (errorShare > 0 && this.#options.random() < errorShare) {
      this.#erred += 1;
      return 'error';
    }
    this.#advance(nowMs);
    if (this.inService < this.limit || (this.#options.spec.asyncIo && this.#ioMs(request) > 0)) {
      this.#begin(request);
      this.#reschedule();
      return 'accepted';
    }
    if (this.#waiting.size >= this.backlog) return 'refused';
    this.#waiting.push(request);
    return 'accepted';
  }

  /** What `reschedule` announced: a request's wait is over, or its work. */
  proceed(nowMs: number): void {
    this.#advance(nowMs);
    const ready = this.#inIo.leastKey <= nowMs ? this.#inIo.pop() : undefined;
    if (ready === undefined) this.#complete(nowMs);
    else {
      // only a wait that took no thread can find all of them taken
      if (this.#inService.size < this.limit) this.#start(ready);
      else this.#waiting.push(ready);
      this.#reschedule();
    }
  }

  #complete(nowMs: number): void {
    // set exactly, so that rounding never leaves a finished request in service
    this.#virtualMs = this.#inService.leastKey;
    const done = this.#inService.pop();
    this.#completed += 1;
    const next = this.#waiting.shift();
    if (this.#inService.size === 0) this.#virtualMs = 0;
    // a wait that takes no thread was before the queue for one
    if (next !== undefined) this.#options.spec.asyncIo ? this.#start(next) : this.#begin(next);
    this.#reschedule();
    if (done !== undefined) this.#options.onDone(done, nowMs);
  }

  become(conditions: Conditions, nowMs: number): void {
    this.#advance(nowMs);
    this.#conditions = conditions;
    const broken = conditions.down ? [...this.#inService.drain(), ...this.#inIo.drain(), ...this.#waiting.drain()] : [];
    this.#reschedule();
    for (const request of broken) this.#options.onBroken(request, nowMs);
  }

  #begin(request: Request): void {
    const ioMs = this.#ioMs(request);
    if (ioMs === 0) this.#start(request);
    else this.#inIo.push(this.#updatedMs + ioMs, request);
  }

  #ioMs({ wait }: Request): number {
    const { ioFactor, waitMs } = this.#conditions;
    return this.#options.spec.ioMs * ioFactor * wait + waitMs;
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
    this.#presentMs += elapsedMs * (jobs + this.#inIo.size + this.#waiting.size);
    if (jobs === 0) return;
    const busyMs = elapsedMs * Math.min(jobs, this.#usableCores);
    this.#busyMs += busyMs;
    this.#shownBusyMs += busyMs * this.#conditions.shownFactor;
    this.#virtualMs += elapsedMs * this.#rate(jobs);
  }

  /** Virtual time per ms: the work that each of this many requests receives. */
  #rate(jobs: number): number {
    return this.#options.spec.speed * this.#conditions.speedFactor * Math.min(1, this.#usableCores / jobs);
  }

  #reschedule(): void {
    const jobs = this.#inService.size;
    const readyMs = this.#inIo.leastKey;
    if (jobs === 0) this.#options.reschedule(readyMs);
    else {
      const leftMs = Math.max(0, this.#inService.leastKey - this.#virtualMs);
      this.#options.reschedule(Math.min(readyMs, this.#updatedMs + leftMs / this.#rate(jobs)));
    }
  }
}
