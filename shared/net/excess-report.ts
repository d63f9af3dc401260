/** What a server drops or refuses because there is too much of it. */
export type ExcessKind = 'rate' | 'connections' | 'bad-request' | 'tls-handshake' | 'slow' | 'unread';

/** How often each kind was dropped or refused since the start. */
export type Refused = ReadonlyMap<ExcessKind, number>;

export interface Excess {
  readonly kind: ExcessKind;
  /** The address that did it most. */
  readonly address: string;
  readonly addresses: number;
  /** How often, since the last report of this kind. */
  readonly count: number;
}

/** At most one report of a kind in this time, in ms. */
const defaultEveryMs = 60_000;
/** Addresses that a report tells apart. */
const mostAddresses = 1_024;

/** Counts, and reports each kind when it starts and then at most once a minute, however much arrives. */
export class ExcessReport implements Disposable {
  readonly #report: (excess: Excess) => void;
  readonly #everyMs: number;
  readonly #totals = new Map<ExcessKind, number>();
  readonly #counts = new Map<ExcessKind, Map<string, number>>();
  readonly #timers = new Map<ExcessKind, NodeJS.Timeout>();

  constructor(report: (excess: Excess) => void, everyMs = defaultEveryMs) {
    this.#report = report;
    this.#everyMs = everyMs;
  }

  add(kind: ExcessKind, address: string): void {
    this.#totals.set(kind, (this.#totals.get(kind) ?? 0) + 1);
    const counts = this.#counts.get(kind) ?? new Map<string, number>();
    this.#counts.set(kind, counts);
    const counted = counts.has(address) || counts.size < mostAddresses ? address : 'others';
    counts.set(counted, (counts.get(counted) ?? 0) + 1);
    if (!this.#timers.has(kind)) this.#tell(kind, counts);
  }

  get totals(): Refused {
    return this.#totals;
  }

  #tell(kind: ExcessKind, counts: ReadonlyMap<string, number>): void {
    const [address] = [...counts].reduce((most, each) => (each[1] > most[1] ? each : most));
    const count = [...counts.values()].reduce((sum, each) => sum + each);
    this.#report({ kind, address, addresses: counts.size, count });
    this.#counts.delete(kind);
    this.#timers.set(kind, setTimeout(() => this.#minuteIsOver(kind), this.#everyMs).unref());
  }

  #minuteIsOver(kind: ExcessKind): void {
    this.#timers.delete(kind);
    const counts = this.#counts.get(kind);
    if (counts !== undefined) this.#tell(kind, counts);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }
}
