import { fastStateOf, weightNow } from '../../../../controller/decide/fast/fast-state.ts';
import { type FastLaneState, firstLook, type LookOutcome, look } from '../../../../controller/decide/fast/lane.ts';
import type { LookRow, Totals } from '../../../../controller/decide/fast/look-row.ts';
import type { Order } from '../../../../controller/decide/orders.ts';
import type { FastState } from '../../../../shared/contract/observation.ts';

/** What one server did since the look before. */
export interface Deed extends Partial<Totals> {
  readonly status?: LookRow['status'];
  readonly inFlight?: number;
  readonly queued?: number;
  /** HAProxy began its totals anew. */
  readonly reset?: boolean;
}

const nothing: Totals = { ok: 0, errors: 0, clientErrors: 0, retries: 0, redispatches: 0, started: 0 };
export const settings = { ejectMs: 5_000, maxDrainedShare: 0.5 };

/** Looks at a backend whose servers do what a test says; every weight that a look wants is written. */
export class Pool {
  readonly orders: Map<string, Order>;
  readonly isLeastconn: boolean;
  readonly weights = new Map<string, number>();
  state: FastLaneState = firstLook;
  released: readonly string[] = [];
  limits: LookOutcome['limits'] = { refuted: new Map(), full: new Set(), isFailing: false };
  /** Of the backend as a whole. */
  waiting = 0;
  gaveUp = 0;
  #totals = new Map<string, Totals>();

  constructor(names: readonly string[], isLeastconn = true, order: Partial<Order> = {}) {
    this.isLeastconn = isLeastconn;
    const usual = { full: 100, undrained: 100, capacity: null, size: 1, machine: '', refusing: 0, limit: null };
    this.orders = new Map(names.map((name) => [name, { ...usual, ...order }]));
    for (const [name, { full }] of this.orders) this.weights.set(name, full);
  }

  look(deeds: Readonly<Record<string, Deed>> = {}, elapsedMs = 200, reverse = false): void {
    const rows = [...this.orders.keys()].map((server) => this.#rowOf(server, deeds[server] ?? {}));
    const { isLeastconn, orders } = this;
    const backend = { waiting: this.waiting, gaveUp: this.gaveUp };
    const input = { backend, rows: reverse ? rows.toReversed() : rows, elapsedMs, orders, isLeastconn, settings };
    const { state, released, limits } = look(this.state, input);
    [this.state, this.released, this.limits] = [state, released, limits];
    for (const row of rows) {
      const [memory, order] = [state.servers.get(row.server), orders.get(row.server)];
      if (memory === undefined || order === undefined) continue;
      this.weights.set(row.server, weightNow(memory, order, row, isLeastconn) ?? row.weight);
    }
  }

  looks(count: number, deeds: Readonly<Record<string, Deed>> = {}): void {
    for (let done = 0; done < count; done += 1) this.look(deeds);
  }

  fast(server: string): FastState {
    const memory = this.state.servers.get(server);
    if (memory === undefined) throw new RangeError(server);
    return fastStateOf(memory);
  }

  weight(server: string): number {
    return this.weights.get(server) ?? Number.NaN;
  }

  get open(): string[] {
    return [...this.orders.keys()].filter((server) => this.fast(server).breaker !== 'closed');
  }

  #rowOf(server: string, { status = 'up', inFlight = 0, queued = 0, reset = false, ...counted }: Deed): LookRow {
    const before = reset ? nothing : (this.#totals.get(server) ?? nothing);
    const more = { ...nothing, started: (counted.ok ?? 0) + (counted.errors ?? 0), ...counted };
    const totals: Totals = {
      ok: before.ok + more.ok,
      errors: before.errors + more.errors,
      clientErrors: before.clientErrors + more.clientErrors,
      retries: before.retries + more.retries,
      redispatches: before.redispatches + more.redispatches,
      started: before.started + more.started,
    };
    this.#totals.set(server, totals);
    return { ...totals, server, status, isBackup: false, weight: this.weight(server), inFlight, queued, limit: null };
  }
}

/** The same for every server of these names. */
export function each(names: readonly string[], deed: Deed): Record<string, Deed> {
  return Object.fromEntries(names.map((name) => [name, deed]));
}
