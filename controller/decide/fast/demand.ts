import { median, sum } from '../../../shared/math/statistics.ts';
import type { Orders } from '../orders.ts';

/** One server as far as the backend's demand and capacity are concerned. */
export interface Carrier {
  readonly server: string;
  /** Takes new requests with all of its weight, or with a part of it that grows; `out`: with none. */
  readonly stands: 'full' | 'ramping' | 'out';
  readonly ratePerSecond: number;
  readonly inFlight: number;
  readonly queued: number;
}

/** A backlog counts as work to be done within this time, in s. */
const backlogSeconds = 5;
/** The servers that have their full weight are asked for no more than this part of what they can do. */
const fullPart = 0.85;

/** What clients ask of a backend and what its servers can do, in requests per second. Pure. */
export class Demand {
  readonly #orders: Orders;
  readonly #carriers: readonly Carrier[];
  /** Requests per second for one unit of weight; null: no capacity is known. */
  readonly #perWeight: number | null;
  readonly #usualMs: number | null;
  readonly #asked: number;
  readonly #full: number;
  readonly #ramping: number;

  /** `usualMs`: how long a request takes without a queue. `waiting`: requests that wait in HAProxy for any server. */
  constructor(carriers: readonly Carrier[], orders: Orders, usualMs: number | null, waiting: number) {
    this.#orders = orders;
    this.#carriers = carriers;
    const known = [...orders.values()].flatMap(({ capacity, undrained }) =>
      capacity === null ? [] : capacity / undrained,
    );
    this.#perWeight = median(known);
    this.#usualMs = usualMs;
    this.#asked = sum(carriers.map((carrier) => this.#askedOf(carrier))) + waiting / backlogSeconds;
    this.#full = this.#capacityOfAll('full');
    this.#ramping = this.#capacityOfAll('ramping');
  }

  /** Whether the servers in use are asked for more than they can do; false where that is not known. */
  get isTooMuch(): boolean {
    return this.#perWeight !== null && this.#asked > this.#full + this.#ramping;
  }

  /**
   * Which of these drained servers must take requests because those in use are asked for too much: those with the most room first,
   * and no more than are needed. The names decide between equal ones.
   */
  neededOf(drained: readonly string[]): string[] {
    const among = new Set(drained);
    const byRoom = this.#carriers
      .filter(({ server }) => among.has(server))
      .map((carrier) => ({ server: carrier.server, room: this.#roomOf(carrier) }))
      .sort((a, b) => (a.room === b.room ? (a.server < b.server ? -1 : 1) : b.room - a.room));
    let capacity = this.#full + this.#ramping;
    return byRoom
      .filter(({ server }) => {
        const isNeeded = this.#asked > fullPart * capacity;
        if (isNeeded) capacity += this.#capacityOf(server);
        return isNeeded;
      })
      .map(({ server }) => server);
  }

  /** The part of its weight that a server that ramps up must have, because the others cannot carry the rest, 0 to 1. */
  needOf(server: string, isRamping: boolean): number {
    const ramping = this.#ramping + (isRamping ? 0 : this.#capacityOf(server));
    if (this.#full === 0) return 1;
    // nothing is known of what they can do: the larger part must not wait for the smaller one
    if (this.#perWeight === null) return this.#full < this.#ramping + this.#capacityOfAll('out') ? 1 : 0;
    return Math.min(1, Math.max(0, (this.#asked / fullPart - this.#full) / Math.max(ramping, 1e-9)));
  }

  /** Requests per second that it could take beside what it is asked for. */
  #roomOf(carrier: Carrier): number {
    return this.#capacityOf(carrier.server) - this.#askedOf(carrier);
  }

  #askedOf({ server, ratePerSecond, inFlight, queued }: Carrier): number {
    const usual = this.#usualMs === null ? inFlight : (this.#capacityOf(server) * this.#usualMs) / 1_000;
    return ratePerSecond + (Math.max(0, inFlight - usual) + queued) / backlogSeconds;
  }

  #capacityOfAll(stands: Carrier['stands']): number {
    return sum(this.#carriers.filter((each) => each.stands === stands).map(({ server }) => this.#capacityOf(server)));
  }

  /** By weight where no capacity is known. */
  #capacityOf(server: string): number {
    const order = this.#orders.get(server);
    if (order === undefined) return 0;
    return order.capacity ?? order.undrained * (this.#perWeight ?? 1);
  }
}
