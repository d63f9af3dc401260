export interface ConnectionLimits {
  readonly total: number;
  readonly perAddress: number;
}

/** What the gate looks at, and others change. */
export interface Guest {
  readonly address: string;
  /** Whether it has shown a valid token or certificate. */
  known: boolean;
  /** When it last asked for something, or came. */
  activeMs: number;
}

/**
 * Which connections may stay. When all places are taken, the least useful connection goes: one that has shown no token before
 * one that has, of those one of the address that has most, and of those the one that was silent longest. So however many
 * addresses take all they can, another one gets in, and one that has shown its token stays in.
 */
export class ConnectionGate<Connection extends Guest> {
  readonly #limits: ConnectionLimits;
  readonly #close: (connection: Connection) => void;
  readonly #open = new Set<Connection>();
  readonly #strangers = new Map<string, number>();
  readonly #ofAddress = new Map<string, number>();

  constructor(limits: ConnectionLimits, close: (connection: Connection) => void) {
    this.#limits = limits;
    this.#close = close;
  }

  /**
   * Whether a connection from there would only take the place of another one of the same address, or of one that has no more: in
   * a flood, letting these in would be most of the work.
   */
  isShareTaken(address: string): boolean {
    const own = this.#ofAddress.get(address) ?? 0;
    if (own === 0 || this.#open.size < this.#limits.total) return false;
    return Math.max(...this.#ofAddress.values()) <= own + 1;
  }

  /** Whether it may stay; then `release` is to be called when it ends. */
  admit(connection: Connection): boolean {
    const own = this.#ofAddress.get(connection.address) ?? 0;
    if (own >= this.#limits.perAddress) return false;
    add(this.#ofAddress, connection.address, 1);
    add(this.#strangers, connection.address, 1);
    if (this.#open.size >= this.#limits.total) this.#makeRoom();
    this.#open.add(connection);
    return true;
  }

  /** It has shown what is asked of it. */
  recognise(connection: Connection): void {
    if (connection.known || !this.#open.has(connection)) return;
    connection.known = true;
    add(this.#strangers, connection.address, -1);
  }

  release(connection: Connection): void {
    if (!this.#open.delete(connection)) return;
    add(this.#ofAddress, connection.address, -1);
    if (!connection.known) add(this.#strangers, connection.address, -1);
  }

  /** All that are open; some may be closed meanwhile. */
  [Symbol.iterator](): IterableIterator<Connection> {
    return this.#open.values();
  }

  /** Those of one address. */
  of(address: string): readonly Connection[] {
    return this.#ofAddress.has(address) ? [...this.#open].filter((each) => each.address === address) : [];
  }

  #makeRoom(): void {
    const least = [...this.#open].reduce((a, b) => (this.#compare(b, a) < 0 ? b : a));
    this.release(least);
    this.#close(least);
  }

  /** Below 0: `a` is less useful. */
  #compare(a: Connection, b: Connection): number {
    if (a.known !== b.known) return a.known ? 1 : -1;
    const counts = a.known ? this.#ofAddress : this.#strangers;
    return (counts.get(b.address) ?? 0) - (counts.get(a.address) ?? 0) || a.activeMs - b.activeMs;
  }
}

function add(counts: Map<string, number>, address: string, change: number): void {
  const count = (counts.get(address) ?? 0) + change;
  if (count === 0) counts.delete(address);
  else counts.set(address, count);
}
