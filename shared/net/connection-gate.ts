export interface ConnectionLimits {
  readonly total: number;
  readonly perAddress: number;
}

/**
 * Which connections may stay. When all places are taken, a new connection takes the place of one from the address that has
 * the most, if its own address has fewer: however many addresses take all they can, another one's first connection gets in.
 */
export class ConnectionGate<Connection> {
  readonly #limits: ConnectionLimits;
  readonly #close: (connection: Connection) => void;
  /** Each address's connections, oldest first. */
  readonly #open = new Map<string, Set<Connection>>();
  #count = 0;

  constructor(limits: ConnectionLimits, close: (connection: Connection) => void) {
    this.#limits = limits;
    this.#close = close;
  }

  /** Whether it may stay; then `release` is to be called when it ends. */
  admit(address: string, connection: Connection): boolean {
    const own = this.#open.get(address) ?? new Set();
    if (own.size >= this.#limits.perAddress) return false;
    if (this.#count >= this.#limits.total && !this.#makeRoom(own.size + 1)) return false;
    this.#open.set(address, own.add(connection));
    this.#count += 1;
    return true;
  }

  release(address: string, connection: Connection): void {
    const own = this.#open.get(address);
    if (own?.delete(connection) !== true) return;
    this.#count -= 1;
    if (own.size === 0) this.#open.delete(address);
  }

  /** Closes the oldest connection of the address with most, if that has more than `least`. */
  #makeRoom(least: number): boolean {
    const [address, most] = [...this.#open].reduce((a, b) => (b[1].size > a[1].size ? b : a));
    const [oldest] = most;
    if (most.size <= least || oldest === undefined) return false;
    this.release(address, oldest);
    this.#close(oldest);
    return true;
  }
}
