import type { LimitReading, Refutation } from '../../shared/contract/server-limit.ts';
import { sum } from '../../shared/math/statistics.ts';
import type { WithLimit } from '../act/limit-ledger.ts';
import type { LookOutcome } from '../decide/fast/lane.ts';
import type { BackendRow, LookRow } from '../decide/fast/look-row.ts';
import { openStep } from '../decide/limits/open.ts';
import type { Orders } from '../decide/orders.ts';

/** What a look wants of the limits. */
export interface LimitsLooked {
  /** Limits to be written at once, on the way to the configured ones. */
  readonly changes: readonly WithLimit[];
  /** Servers whose limit is wrong, and why. */
  readonly refuted: ReadonlyMap<string, Refutation>;
}

/** What the looks add to a tick's reading. */
type LookedLimit = Pick<LimitReading, 'fullPart' | 'suspended' | 'refuted'>;

/** The limits of one backend between ticks: what the looks found of them since the last tick. No I/O. */
export class LimitLane {
  /** The limits that servers have from us, where limits are written at all; null: none. */
  #left: ReadonlyMap<string, number | null> = new Map();
  readonly #fullMs = new Map<string, number>();
  readonly #refuted = new Map<string, Refutation>();
  #isFailing = false;
  #sinceTickMs = 0;

  /** After a tick. `left`: the limit of each server that is ours to set; none where limits are not written. */
  decided(left: ReadonlyMap<string, number | null>): void {
    this.#left = left;
  }

  looked({ full, refuted, isFailing }: LookOutcome['limits'], orders: Orders, elapsedMs: number): void {
    this.#sinceTickMs += elapsedMs;
    if (isFailing) this.#isFailing = true;
    for (const server of full) this.#fullMs.set(server, (this.#fullMs.get(server) ?? 0) + elapsedMs);
    for (const [server, why] of refuted) {
      // requests that failed weigh more than what a later look finds
      if (orders.has(server) && this.#refuted.get(server) !== 'gave-up') this.#refuted.set(server, why);
    }
  }

  /** What was found since this was last asked. */
  take(servers: readonly string[]): ReadonlyMap<string, LookedLimit> {
    const ms = Math.max(1, this.#sinceTickMs);
    const taken = servers.map((server): [string, LookedLimit] => {
      const fullPart = Math.min(1, (this.#fullMs.get(server) ?? 0) / ms);
      return [server, { fullPart, suspended: this.#isFailing, refuted: this.#refuted.get(server) ?? null }];
    });
    this.#fullMs.clear();
    this.#refuted.clear();
    this.#sinceTickMs = 0;
    this.#isFailing = false;
    return new Map(taken);
  }

  /** A limit that is not the one that we left has another writer, and is left alone until the next tick. */
  changes(
    rows: readonly LookRow[],
    { waiting }: BackendRow,
    orders: Orders,
    refuted: LimitsLooked['refuted'],
  ): LimitsLooked {
    const limits = sum(rows.map(({ limit }) => limit ?? 0));
    const changes = rows.flatMap(({ server, limit: now, inFlight, queued }): WithLimit[] => {
      const ordered = orders.get(server)?.limit ?? null;
      if (ordered === null || ordered.most !== null || now === null || this.#left.get(server) !== now) return [];
      const part = Math.ceil((waiting * now) / limits);
      const limit = openStep(now, ordered.configured, inFlight, queued + part);
      return limit === now ? [] : [{ server, limit }];
    });
    this.#left = new Map([
      ...this.#left,
      ...changes.map(({ server, limit }): [string, number | null] => [server, limit]),
    ]);
    return { changes, refuted };
  }
}
