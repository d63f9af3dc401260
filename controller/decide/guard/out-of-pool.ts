export interface PoolMember {
  readonly server: string;
  /** Effective cores, or 1 for every server where they are not known of all. */
  readonly capacity: number;
  /** How many machines it stands for; below 1 where it shares one with other members. */
  readonly machines: number;
}

/** What the members that are out are measured against. */
export interface Pool {
  /** Servers that may be taken out; one of them must stay. */
  readonly servers: number;
  /** The machines that these are on. */
  readonly machines: number;
  /** Of every server in rotation. */
  readonly capacity: number;
  /** What is out already for another reason. Not counted in `servers` and `machines`, but counted in `capacity`. */
  readonly outAlready: { readonly machines: number; readonly capacity: number };
  /** Most of the capacity, and of the machines, that may be out at once, 0 to 1. */
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
  #machines = 0;

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
    this.#machines += member.machines;
  }

  delete({ server, capacity, machines }: PoolMember): void {
    this.#members.delete(server);
    this.#capacity -= capacity;
    this.#machines -= machines;
  }

  /** The limit that is broken because too many servers are out; null: none. */
  get brokenLimit(): 'last-server' | 'half-drained' | null {
    const { servers, machines, capacity, outAlready, maxShare } = this.#pool;
    if (this.#members.size === servers) return 'last-server';
    // machines count too, because a size is what an agent claims: one that claims to be huge would be most of the pool
    const outOfMachines = (outAlready.machines + this.#machines) / (outAlready.machines + machines);
    const outOfCapacity = (outAlready.capacity + this.#capacity) / capacity;
    return Math.max(outOfMachines, outOfCapacity) > maxShare + 1e-9 ? 'half-drained' : null;
  }
}
