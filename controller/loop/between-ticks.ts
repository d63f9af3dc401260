import type { HaproxyControl, StatRow } from '../../haproxy/runtime-api.ts';
import type { Decision } from '../../shared/contract/decision.ts';
import type { Exclusion, Observation } from '../../shared/contract/observation.ts';
import type { LimitMode } from '../../shared/contract/server-limit.ts';
import type { EventLog } from '../../shared/process/event-log.ts';
import type { Log } from '../../shared/process/log.ts';
import type { WithLimit } from '../act/limit-ledger.ts';
import type { LimitWriter } from '../act/limit-writer.ts';
import type { Writer } from '../act/writer.ts';
import type { LaneSettings } from '../decide/fast/settings.ts';
import type { Orders } from '../decide/orders.ts';
import type { BackendView } from '../observe/haproxy-view.ts';
import { queueOf } from '../observe/queue.ts';
import { FastLane, type Looked } from './fast-lane.ts';
import type { LimitsLooked } from './limit-lane.ts';
import { lookRowsOf, lookRowsOfView } from './look-rows.ts';
import type { TickResult } from './tick-result.ts';

export interface BetweenTicksOptions {
  readonly config: { readonly guard: LaneSettings; readonly limits: LimitMode };
  readonly backend: { readonly name: string };
  readonly api: Pick<HaproxyControl, 'stats'>;
  readonly writer: Writer;
  readonly limitWriter: LimitWriter;
  readonly logger: Log;
  readonly events: EventLog;
  /** Monotonic clock, in ms. */
  readonly nowMs: () => number;
}

/** One backend between ticks: looks at HAProxy's counters, and writes what must not wait for a tick. */
export class BetweenTicks {
  readonly #options: BetweenTicksOptions;
  readonly lane: FastLane;
  #ejections = 0;

  constructor(options: BetweenTicksOptions) {
    this.#options = options;
    this.lane = new FastLane(options.config.guard, options.nowMs);
  }

  /** How often a server was ejected. */
  get ejections(): number {
    return this.#ejections;
  }

  /** The next look must not wait. */
  get isProbing(): boolean {
    return this.lane.isAtWork && this.lane.isProbing;
  }

  /** A tick's own reading of HAProxy. */
  see({ servers, queue, algorithm }: Pick<BackendView, 'servers' | 'queue' | 'algorithm'>): void {
    this.lane.see(lookRowsOfView(servers), queue, servers, algorithm);
  }

  /** After a tick: only what HAProxy has by it may be changed by a look. */
  order(orders: Orders, observations: readonly Observation[], { kind, decisions }: TickResult): void {
    if (kind !== 'written' && kind !== 'dry-run') {
      this.lane.stop();
      return;
    }
    const { limits } = this.#options.config;
    const away = new Set(observations.filter(({ exclusion }) => isAway(exclusion)).map(({ server }) => server));
    const written = kind === 'dry-run' ? [] : decisions;
    this.lane.decided(orders, new Map(written.map(({ server, weight }) => [server, weight])), away);
    this.lane.limits.decided(kind === 'written' && limits === 'on' ? limitsLeft(decisions) : new Map());
  }

  /** Nothing may be written until the next tick. */
  stop(): void {
    this.lane.stop();
  }

  /** Returns how many weights were written. A look that fails changes nothing. */
  async look(): Promise<number> {
    if (!this.lane.isAtWork) return 0;
    const { api, backend } = this.#options;
    const { name } = backend;
    const rows = await api.stats(name);
    if (!rows.ok || !this.lane.isAtWork) return 0;
    const looked = this.lane.look(lookRowsOf(rows.value), queueOf(rows.value));
    this.#ejections += looked.opened.length;
    this.#log(looked);
    const written = await this.#writeWeights(looked.changes);
    await this.#writeLimits(looked.limits, rows.value, looked.changes);
    return written;
  }

  async #writeWeights(changes: Looked['changes']): Promise<number> {
    if (changes.length === 0) return 0;
    const { backend, writer, events } = this.#options;
    this.lane.written(changes);
    const sent = await writer.writeBetween(changes);
    events.report('weights between ticks', { backend: backend.name }, sent.ok ? null : sent.error);
    return sent.ok ? sent.value : 0;
  }

  /** Limits that are wrong, or do harm beside a server that fails, are opened at once. Those of woken servers are sent again. */
  async #writeLimits(
    { changes, refuted }: LimitsLooked,
    rows: readonly StatRow[],
    weights: Looked['changes'],
  ): Promise<void> {
    const { backend, limitWriter, events, logger } = this.#options;
    if (refuted.size > 0) {
      const found = Object.fromEntries(refuted);
      logger.warn('limits found wrong', { backend: backend.name, servers: found, opened: changes.length });
    }
    const changed = new Set(changes.map(({ server }) => server));
    const woken = limitWriter.ofWoken(withLimits(rows), wokenBy(rows, weights));
    const sent = await limitWriter.send([...changes, ...woken.filter(({ server }) => !changed.has(server))]);
    events.report('limits between ticks', { backend: backend.name }, sent.ok ? null : sent.error);
  }

  #log({ opened, closed, released }: Looked): void {
    const { logger, backend } = this.#options;
    for (const server of opened) {
      logger.warn('server ejected', { backend: backend.name, server, share: this.lane.stateOf(server).errorShare });
    }
    for (const server of closed) logger.info('server no longer ejected', { backend: backend.name, server });
    if (released.length === 0) return;
    const fields = { backend: backend.name, servers: released };
    logger.warn('the other servers cannot answer: drained servers are back', fields);
  }
}

/** Whether it may come back, and is then to have the weight that was ordered before. */
function isAway(exclusion: Exclusion | null): boolean {
  return exclusion === 'down' || exclusion === 'maintenance' || exclusion === 'drain';
}

/** The limits that servers have after a tick, where they are ours to set. */
function limitsLeft(decisions: readonly Decision[]): ReadonlyMap<string, number | null> {
  return new Map(decisions.flatMap(({ server, limit }) => (limit === undefined ? [] : [[server, limit.limit]])));
}

/** The servers that had weight 0 until these changes. */
function wokenBy(rows: readonly StatRow[], changes: Looked['changes']): ReadonlySet<string> {
  const asleep = new Set(rows.filter(({ weight }) => weight === 0).map(({ name }) => name));
  return new Set(changes.filter(({ server, weight }) => weight > 0 && asleep.has(server)).map(({ server }) => server));
}

function withLimits(rows: readonly StatRow[]): readonly WithLimit[] {
  return rows.filter(({ kind }) => kind === 'server').map(({ name: server, limit }) => ({ server, limit }));
}
