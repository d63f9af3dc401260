export interface PoolMember {
  readonly server: string;
  /** Effective cores, or 1 for every server where they are not known of all. */
  readonly capacity: number;
}

/** What the members that are out are measured against. */
export interface Pool {
  /** Servers that may be taken out; one of them must stay. */
  readonly servers: number;
  /** Of every server in rotation. */
  readonly capacity: number;
  /** What is out already for another reason. Not counted in `servers`, but counted in `capacity`. */
  readonly outAlready: { readonly servers: number; readonly capacity: number };
  /** Most of the capacity, and of the servers, that may be out at once, 0 to 1. */
  readonly maxShare: number;
}

/**
 * Servers that get weight 0 by our decision, with a running total of their capacity: a pool may have thousands of servers, and
 * half of them may be overloaded at once.
 */
export class OutOfPool<Member extends PoolMember> {
  readonly #members = new Map<string, Member>();
  readonly #pool: Pool;
  #capacity = 0;

  constructor(pool: Pool, members: readonly Member[]) {
    this.#pool = pool;
    // sorted: sums of fractions depend on the order, and decisions must not depend on the servers' order
    for (const member of members.toSorted((a, b) => (a.server < b.server ? -1 : 1))) this.add(member);
  }

  get all(): Member[] {
    return [...this.#members.values()];
  }

  has({ server }: PoolMember): boolean {
    return this.#members.has(server);
  }

  add(member: Member): void {
    this.#members.set(member.server, member);
    this.#capacity += member.capacity;
  }

  delete({ server, capacity }: PoolMember): void {
    this.#members.delete(server);
    this.#capacity -= capacity;
  }

  /** The limit that is broken because too many servers are out; null: none. */
  get brokenLimit(): 'last-server' | 'half-drained' | null {
    const { servers, capacity, outAlready, maxShare } = this.#pool;
    if (this.#members.size === servers) return 'last-server';
    // servers count too, because a size is what an agent claims: one that claims to be huge would be most of the pool
    const outOfServers = (outAlready.servers + this.#members.size) / (outAlready.servers + servers);
    const outOfCapacity = (outAlready.capacity + this.#capacity) / capacity;
    return Math.max(outOfServers, outOfCapacity) > maxShare + 1e-9 ? 'half-drained' : null;
  }
}
