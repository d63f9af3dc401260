import type { Random } from '../../shared/math/random.ts';
import type { Dispatch, Target } from './dispatch/dispatch.ts';
import { leastconn } from './dispatch/leastconn.ts';
import { randomOfTwo } from './dispatch/random.ts';
import { roundrobin } from './dispatch/roundrobin.ts';
import { Health } from './health.ts';
import type { Measures } from './measures.ts';
import type { Request } from './request.ts';
import type { Balance } from './schema.ts';
import type { Server } from './server.ts';

/** HAProxy's default of `retries`; with `option redispatch 1` each goes to another server. */
const retries = 3;

/** One server line of one HAProxy, with the running counters of `show stat`. */
export interface Line extends Target {
  readonly name: string;
  readonly configuredWeight: number;
  readonly health: Health;
  sessions: number;
  /** `maxconn`; null: none. */
  limit: number | null;
  responses2xx: number;
  responses4xx: number;
  responses5xx: number;
  connectionErrors: number;
  responseErrors: number;
  retries: number;
  redispatches: number;
}

export interface HaproxyOptions {
  readonly servers: readonly Server[];
  readonly lines: readonly { readonly name: string; readonly configuredWeight: number }[];
  readonly balance: Balance;
  readonly fastPath: boolean;
  readonly random: Random;
  readonly measures: Measures;
}

/** One HAProxy: hands requests to servers, counts, checks health. Its time is that of the calls. */
export class SimulatedHaproxy {
  readonly balance: Balance;
  readonly lines: readonly Line[];
  readonly #servers: readonly Server[];
  /** `retry-on conn-failure empty-response 500 502 503`, and `observe layer4 ... on-error mark-down` on every server line. */
  readonly #fastPath: boolean;
  readonly #dispatch: Dispatch;
  readonly #measures: Measures;

  constructor({ servers, lines, balance, fastPath, random, measures }: HaproxyOptions) {
    this.#fastPath = fastPath;
    this.balance = balance;
    this.#servers = servers;
    this.#measures = measures;
    this.lines = lines.map(({ name, configuredWeight }, index) => ({
      ...{ index, name, configuredWeight, weight: configuredWeight, up: true, served: 0, health: new Health() },
      ...{ limit: null, sessions: 0, responses2xx: 0, responses4xx: 0, responses5xx: 0 },
      ...{ connectionErrors: 0, responseErrors: 0, retries: 0, redispatches: 0 },
    }));
    this.#dispatch = dispatchOf(balance, this.lines, random);
  }

  /** Whether servers are up but every weight is 0, so that no request gets through. */
  get isShut(): boolean {
    return this.lines.some(({ up }) => up) && this.lines.every(({ up, weight }) => !up || weight === 0);
  }

  /** Gives the request to a server, or answers 503. Returns whether the client now waits for a server. */
  handle(request: Request, nowMs: number): boolean {
    const first = this.#pick(null);
    if (first === null) {
      this.#measures.failed(request, 'noServer');
      return false;
    }
    return this.#try(request, first, nowMs);
  }

  /** An attempt, and others elsewhere while the last one may be repeated. Returns whether the client waits for a server. */
  #try(request: Request, first: Line, nowMs: number): boolean {
    for (let line = first; ; ) {
      const reception = this.#connect(line, request, nowMs);
      if (reception === 'accepted') return true;
      const mayRepeat = reception === 'refused' || (this.#fastPath && this.#errorStatus(line) >= 500);
      if (!mayRepeat || request.retries === retries) {
        this.#fail(line, request, reception);
        return false;
      }
      // HAProxy 2.6 counts a retry because of the answer as a retry, and one because of the connection as none
      if (reception === 'error') line.retries += 1;
      line = this.#elsewhere(line, request);
    }
  }

  /** The server for another attempt: not the one that was just tried, unless there is no other. */
  #elsewhere(line: Line, request: Request): Line {
    request.retries += 1;
    this.#measures.retried(request);
    const next = this.#pick(line) ?? line;
    if (next !== line) line.redispatches += 1;
    return next;
  }

  #fail(line: Line, request: Request, reception: 'refused' | 'error'): void {
    if (reception === 'refused') {
      line.connectionErrors += 1;
      this.#measures.failed(request, 'refused');
      return;
    }
    if (this.#errorStatus(line) < 500) line.responses4xx += 1;
    else line.responses5xx += 1;
    // for the client that is as bad, whatever the status
    this.#measures.failed(request, 'status5xx');
  }

  #errorStatus(line: Line): number {
    return this.#servers[line.index]?.conditions.errorStatus ?? 500;
  }

  /** A server has finished a request that this HAProxy still waited for. */
  answered(request: Request, nowMs: number): void {
    const line = this.#release(request);
    if (line !== undefined) line.responses2xx += 1;
    this.#measures.answered(request, nowMs);
  }

  /**
   * `timeout server` has passed: the client gets 504, and the server does not notice. HAProxy itself answers, so this is not a
   * 5xx of the server, only a response error (measured with 2.6).
   */
  timedOut(request: Request): void {
    const line = this.#release(request);
    if (line !== undefined) line.responseErrors += 1;
    this.#measures.failed(request, 'timeout');
  }

  /** The connection broke before the answer. Returns whether the client waits for another server now. */
  broken(request: Request, nowMs: number): boolean {
    const line = this.#release(request);
    if (line !== undefined && this.#fastPath && request.retries < retries) {
      line.retries += 1;
      return this.#try(request, this.#elsewhere(line, request), nowMs);
    }
    if (line !== undefined) line.responseErrors += 1;
    this.#measures.failed(request, 'broken');
    return false;
  }

  check(index: number, nowMs: number): void {
    const line = this.lines[index];
    const server = this.#servers[index];
    if (line === undefined || server === undefined) return;
    line.health.check(server.accepts, nowMs);
    this.#followHealth(line);
  }

  #followHealth(line: Line): void {
    if (line.up === line.health.up) return;
    line.up = line.health.up;
    this.#dispatch.changed(line);
  }

  setWeight(name: string, weight: number): boolean {
    const line = this.lines.find((each) => each.name === name);
    if (line === undefined) return false;
    line.weight = weight;
    this.#dispatch.changed(line);
    return true;
  }

  /** 0: none. */
  setLimit(name: string, limit: number): boolean {
    const line = this.lines.find((each) => each.name === name);
    if (line === undefined) return false;
    line.limit = limit === 0 ? null : limit;
    return true;
  }

  #pick(avoid: Line | null): Line | null {
    const target = this.#dispatch.pick(avoid);
    return target === null ? null : (this.lines[target.index] ?? null);
  }

  #connect(line: Line, request: Request, nowMs: number) {
    line.sessions += 1;
    this.#serve(line, 1);
    request.server = line.index;
    const server = this.#servers[line.index];
    const reception = server?.receive(request, nowMs) ?? 'refused';
    if (this.#fastPath) {
      line.health.observe(reception !== 'refused', nowMs);
      this.#followHealth(line);
    }
    if (reception !== 'accepted') this.#serve(line, -1);
    return reception;
  }

  #release(request: Request): Line | undefined {
    const line = this.lines[request.server];
    if (line !== undefined) this.#serve(line, -1);
    return line;
  }

  #serve(line: Line, change: 1 | -1): void {
    line.served += change;
    this.#dispatch.changed(line);
  }
}

function dispatchOf(balance: Balance, targets: readonly Target[], random: Random): Dispatch {
  switch (balance) {
    case 'roundrobin':
      return roundrobin(targets);
    case 'leastconn':
      return leastconn(targets);
    case 'random':
      return randomOfTwo(targets, random);
  }
}
