/** What this controller has left in HAProxy of one server's limit; null is none. */
export interface LeftLimit {
  /** The limit; before the next tick the one before, too: a write may be lost. */
  readonly limits: readonly (number | null)[];
  /** The one of HAProxy's configuration, which HAProxy no longer knows. */
  readonly giveBack: number | null;
}

/** By server. */
export type LeftLimits = ReadonlyMap<string, LeftLimit>;

/** A server with its limit; null: none. */
export interface WithLimit {
  readonly server: string;
  readonly limit: number | null;
}

/**
 * Which limits of a backend are this controller's, and which the configuration gives. HAProxy shows only the one in force, so the
 * configured one is the one that a server was found with, as long as HAProxy is the same process.
 */
export class LimitLedger {
  readonly #left: Map<string, LeftLimit>;
  readonly #keep: (left: LeftLimits) => void;
  readonly #configured = new Map<string, number | null>();
  /** Servers with a limit that is neither ours nor the configured one. */
  readonly #foreign = new Set<string>();
  #isFirstProcess = true;

  /** `before`: what a controller that was killed has left. `keep` gets every change before it is sent. */
  constructor(before: LeftLimits = new Map(), keep: (left: LeftLimits) => void = () => undefined) {
    this.#left = new Map(before);
    this.#keep = keep;
    for (const [server, { giveBack }] of before) this.#configured.set(server, giveBack);
  }

  get left(): LeftLimits {
    return this.#left;
  }

  /**
   * Another HAProxy answers from now on, with the limits of its configuration. The first one may be the one that a controller
   * before has left limits in.
   */
  otherProcess(): void {
    const isFirst = this.#isFirstProcess;
    this.#isFirstProcess = false;
    if (isFirst) return;
    this.#left.clear();
    this.#configured.clear();
    this.#foreign.clear();
    this.#keep(this.#left);
  }

  /** One tick's reading of all servers. Returns those whose limit another writer has just changed. */
  see(seen: readonly WithLimit[]): readonly string[] {
    const names = new Set(seen.map(({ server }) => server));
    for (const known of [this.#left, this.#configured]) {
      for (const server of known.keys()) if (!names.has(server)) known.delete(server);
    }
    return seen.filter((each) => this.#seeOne(each)).map(({ server }) => server);
  }

  /** Returns whether another writer has changed it since the tick before. */
  #seeOne({ server, limit }: WithLimit): boolean {
    if (!this.#configured.has(server)) this.#configured.set(server, limit);
    const left = this.#left.get(server);
    const isOurs = left?.limits.includes(limit) === true;
    if (left !== undefined && isOurs) this.#left.set(server, { ...left, limits: [limit] });
    const isForeign = !isOurs && limit !== this.#configured.get(server);
    const isNew = isForeign && !this.#foreign.has(server);
    if (isForeign) this.#foreign.add(server);
    else this.#foreign.delete(server);
    if (isForeign) this.#left.delete(server);
    return isNew;
  }

  /** Whether this limit of the server is from us. */
  isLeft(server: string, limit: number | null): boolean {
    return this.#left.get(server)?.limits.includes(limit) === true;
  }

  configuredOf(server: string): number | null {
    return this.#configured.get(server) ?? null;
  }

  isForeign(server: string): boolean {
    return this.#foreign.has(server);
  }

  /** To be called before limits are sent: from now on HAProxy may have them. */
  sending(changes: readonly WithLimit[]): void {
    if (changes.length === 0) return;
    for (const { server, limit } of changes) {
      const before = this.#left.get(server)?.limits ?? [];
      this.#left.set(server, { limits: [...new Set([...before, limit])], giveBack: this.configuredOf(server) });
    }
    this.#keep(this.#left);
  }

  /** What was ours has been given back. */
  clear(): void {
    this.#left.clear();
    this.#keep(this.#left);
  }
}
