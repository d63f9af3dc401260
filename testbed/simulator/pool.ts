import type { Random } from '../../shared/math/random.ts';
import { dispatchOf } from './dispatch/algorithms.ts';
import { type Dispatch, isEligible, type Outcome, type Target } from './dispatch/dispatch.ts';
import { changeLimit, hasRoom, limitNow, type Occupancy } from './limits.ts';
import { type Line, type LineSpec, lineOf } from './line.ts';
import type { Request } from './request.ts';
import type { Balance } from './schema.ts';

export interface PoolOptions {
  readonly lines: readonly LineSpec[];
  readonly balance: Balance;
  /** Instead of `balance`: another balancer, which has no limits. */
  readonly balancer?: (targets: readonly Target[], random: Random) => Dispatch;
  /** `fullconn`; null: limits do not depend on what is in flight. */
  readonly fullconn: number | null;
  readonly random: Random;
}

/** The servers of one HAProxy's backend: which takes a request, and who has room. */
export class Pool implements Occupancy {
  readonly lines: readonly Line[];
  readonly fullconn: number | null;
  /** HAProxy's `beconn`: requests at servers and waiting ones. */
  sessions = 0;
  readonly #dispatch: Dispatch;
  /** Servers that may take waiting requests: they gave a slot back, came up or were given another limit. */
  #freed: Line[] = [];

  constructor({ lines, balance, balancer, fullconn, random }: PoolOptions) {
    this.lines = lines.map(lineOf);
    this.fullconn = fullconn;
    const hasRoom = ({ index }: Target) => this.#hasRoom(index);
    this.#dispatch = balancer?.(this.lines, random) ?? dispatchOf(balance, this.lines, random, hasRoom);
  }

  /** Whether a server is in rotation with a weight. */
  get isOpen(): boolean {
    return this.lines.some(isEligible);
  }

  /** The server for the next request, not `avoid` if there is another; null: none in rotation has room. */
  pick(avoid: Line | null): Line | null {
    const target = this.#dispatch.pick(avoid);
    return target === null ? null : (this.lines[target.index] ?? null);
  }

  take(line: Line, request: Request): void {
    line.served += 1;
    this.#dispatch.changed(line);
    this.#dispatch.sent?.(request, line);
  }

  release(line: Line, request: Request, outcome: Outcome): void {
    line.served -= 1;
    this.#dispatch.changed(line);
    this.#dispatch.ended?.(request, line, outcome);
    this.#freed.push(line);
  }

  /** A server that takes a waiting request now, among those that became freer; null: none. */
  freed(): Line | null {
    for (let line = this.#freed.at(-1); line !== undefined; line = this.#freed.at(-1)) {
      if (isEligible(line) && line.served < limitNow(line, this)) return line;
      this.#freed.pop();
    }
    return null;
  }

  /** Nobody waits for them. */
  forgetFreed(): void {
    if (this.#freed.length > 0) this.#freed = [];
  }

  followHealth(line: Line): void {
    if (line.up === line.health.up) return;
    line.up = line.health.up;
    this.#dispatch.changed(line);
    if (line.up) this.#freed.push(line);
  }

  setWeight(name: string, weight: number): boolean {
    const line = this.#named(name);
    if (line === undefined) return false;
    line.weight = weight;
    this.#dispatch.changed(line);
    return true;
  }

  /** 0: none. */
  setLimit(name: string, limit: number): boolean {
    const line = this.#named(name);
    if (line === undefined) return false;
    changeLimit(line, limit);
    this.#freed.push(line);
    return true;
  }

  #named(name: string): Line | undefined {
    return this.lines.find((each) => each.name === name);
  }

  #hasRoom(index: number): boolean {
    const line = this.lines[index];
    return line !== undefined && hasRoom(line, this);
  }
}
