import type { WeightChange } from '../../haproxy/runtime-api.ts';
import { isAnotherServer, lastPlace, type Place } from '../../shared/contract/identity.ts';
import { type FastState, undisturbed } from '../../shared/contract/observation.ts';
import { fastStateOf, weightNow } from '../decide/fast/fast-state.ts';
import { isHeldBack } from '../decide/fast/fast-weight.ts';
import { type FastLaneState, firstLook, type LookOutcome, look } from '../decide/fast/lane.ts';
import type { BackendRow, LookRow } from '../decide/fast/look-row.ts';
import type { LaneSettings } from '../decide/fast/settings.ts';
import type { Order, Orders } from '../decide/orders.ts';
import { LimitLane, type LimitsLooked } from './limit-lane.ts';

/** What a look found and wants. */
export interface Looked {
  /** Weights to be written at once. */
  readonly changes: readonly WeightChange[];
  /** Servers whose breaker has opened, or closed again, since the last such look. */
  readonly opened: readonly string[];
  readonly closed: readonly string[];
  /** Drained servers that take requests again, because the others cannot carry them. */
  readonly released: readonly string[];
  readonly limits: LimitsLooked;
}

/** Requests in flight since the last tick, summed over the looks. */
interface Sum {
  readonly inFlightMs: number;
  readonly ms: number;
}

/** One backend between ticks: what its looks remember, and which weights they may change. No I/O. */
export class FastLane {
  readonly #settings: LaneSettings;
  readonly #nowMs: () => number;
  #state: FastLaneState = firstLook;
  #lookedAtMs: number | null = null;
  #orders: Orders = new Map();
  #isLeastconn = false;
  #places: ReadonlyMap<string, Place> = new Map();
  /** Weights that a server has from us; with another one it has another writer, and is left alone until the next tick. */
  readonly #left = new Map<string, Set<number>>();
  /** Weights that looks wrote since the last tick read HAProxy, which does not know of them. */
  readonly #since = new Map<string, number>();
  /** Servers whose breaker was open at the last look between ticks. */
  #open: ReadonlySet<string> = new Set();
  readonly #sums = new Map<string, Sum>();
  readonly limits = new LimitLane();

  /** `nowMs` is a monotonic clock. */
  constructor(settings: LaneSettings, nowMs: () => number) {
    this.#settings = settings;
    this.#nowMs = nowMs;
  }

  /** A tick's own reading is a look too. Another server under a known name is a newcomer. */
  see(
    rows: readonly LookRow[],
    backend: BackendRow,
    places: readonly (Place & { readonly server: string })[],
    algorithm: string | null,
  ): void {
    this.#isLeastconn = algorithm === 'leastconn';
    const replaced = places.filter((now) => {
      const before = this.#places.get(now.server);
      return before !== undefined && isAnotherServer(before, now);
    });
    this.#places = new Map(places.map((now) => [now.server, lastPlace(this.#places.get(now.server), now)]));
    const servers = new Map(this.#state.servers);
    const orders = new Map(this.#orders);
    for (const { server } of replaced) {
      servers.delete(server);
      orders.delete(server);
    }
    this.#state = { ...this.#state, servers };
    this.#orders = orders;
    this.#since.clear();
    this.#look(rows, backend);
  }

  stateOf(server: string): FastState {
    const memory = this.#state.servers.get(server);
    return memory === undefined ? undisturbed : fastStateOf(memory);
  }

  /** The mean since it was last asked for; null where there was no look. */
  takeInFlightMean(server: string): number | null {
    const { inFlightMs, ms } = this.#sums.get(server) ?? { inFlightMs: 0, ms: 0 };
    this.#sums.delete(server);
    return ms === 0 ? null : inFlightMs / ms;
  }

  /**
   * After a tick. `weights`: what each server in rotation has now by us; none in a dry run, where looks write nothing. One of
   * `away` keeps its order, so that it comes back with the right weight.
   */
  decided(orders: Orders, weights: ReadonlyMap<string, number>, away: ReadonlySet<string>): void {
    const kept = [...this.#orders].filter(([server]) => away.has(server) && !orders.has(server));
    this.#orders = new Map([...kept, ...orders]);
    for (const server of this.#left.keys()) if (!this.#orders.has(server)) this.#left.delete(server);
    for (const [server, weight] of weights) {
      if (orders.has(server)) this.#left.set(server, new Set([weight, this.#since.get(server) ?? weight]));
    }
  }

  /** Whether there is anything that a look could do. */
  get isAtWork(): boolean {
    return this.#left.size > 0;
  }

  /** Nothing may be written: the literal paper, a dry run, an algorithm without weights, another HAProxy. */
  stop(): void {
    this.#orders = new Map();
    this.#left.clear();
  }

  /** Between ticks. `written` is to be called with the changes that were sent. */
  look(rows: readonly LookRow[], backend: BackendRow): Looked {
    const before = this.#state;
    const { released, limits } = this.#look(rows, backend);
    this.#release(released);
    const changes = rows.flatMap((row) => this.#changeOf(row, before));
    const open = new Set([...this.#orders.keys()].filter((server) => this.stateOf(server).breaker !== 'closed'));
    const known = this.#open;
    this.#open = open;
    const opened = [...open].filter((server) => !known.has(server));
    const closed = [...known].filter((server) => !open.has(server) && this.#orders.has(server));
    return {
      changes,
      opened,
      closed,
      released,
      limits: this.limits.changes(rows, backend, this.#orders, limits.refuted),
    };
  }

  /** Some requests are under way to see how a server does: the next look must not wait. */
  get isProbing(): boolean {
    return [...this.#state.servers.values()].some(({ breaker }) => breaker.phase === 'probing');
  }

  written(changes: readonly WeightChange[]): void {
    for (const { server, weight } of changes) {
      this.#left.get(server)?.add(weight);
      this.#since.set(server, weight);
    }
  }

  #look(rows: readonly LookRow[], backend: BackendRow): LookOutcome {
    const nowMs = this.#nowMs();
    const elapsedMs = Math.max(1, nowMs - (this.#lookedAtMs ?? nowMs));
    this.#lookedAtMs = nowMs;
    const outcome = look(this.#state, {
      rows,
      backend,
      elapsedMs,
      orders: this.#orders,
      isLeastconn: this.#isLeastconn,
      settings: this.#settings,
    });
    this.#state = outcome.state;
    this.limits.looked(outcome.limits, this.#orders, elapsedMs);
    this.#orders = withoutLimits(this.#orders, outcome.limits);
    for (const { server, inFlight } of rows) {
      const { inFlightMs, ms } = this.#sums.get(server) ?? { inFlightMs: 0, ms: 0 };
      this.#sums.set(server, { inFlightMs: inFlightMs + inFlight * elapsedMs, ms: ms + elapsedMs });
    }
    return outcome;
  }

  #release(servers: readonly string[]): void {
    if (servers.length === 0) return;
    const orders = new Map(this.#orders);
    for (const server of servers) {
      const order = orders.get(server);
      if (order !== undefined) orders.set(server, { ...order, full: order.undrained });
    }
    this.#orders = orders;
  }

  #changeOf(row: LookRow, before: FastLaneState): WeightChange[] {
    const order: Order | undefined = this.#orders.get(row.server);
    const memory = this.#state.servers.get(row.server);
    const left = this.#left.get(row.server);
    if (order === undefined || memory === undefined || left?.has(row.weight) !== true) return [];
    const then = before.servers.get(row.server);
    // a small difference of an undisturbed server is the deadband's
    const isDisturbed = [memory, then].some((each) => each !== undefined && isHeldBack(fastStateOf(each)));
    const weight = isDisturbed ? weightNow(memory, order, row, this.#isLeastconn) : null;
    return weight === null || weight === row.weight ? [] : [{ server: row.server, weight }];
  }
}

/** Limits that are wrong, or do harm beside a server that fails, are as configured until the next tick decides. */
function withoutLimits(orders: Orders, { refuted, isFailing }: LookOutcome['limits']): Orders {
  if (refuted.size === 0 && !isFailing) return orders;
  return new Map(
    [...orders].map(([server, order]) => {
      const { limit } = order;
      return [
        server,
        limit !== null && (isFailing || refuted.has(server)) ? { ...order, limit: { ...limit, most: null } } : order,
      ];
    }),
  );
}
